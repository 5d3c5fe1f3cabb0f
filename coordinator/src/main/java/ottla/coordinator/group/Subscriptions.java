package ottla.coordinator.group;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import ottla.wire.message.embedded.ConsumerProtocolSubscription;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Reader;

/** The topics that the members of a group read, as far as the coordinator understands what its clients tell each other. */
final class Subscriptions {
    private Subscriptions() {}

    /**
     * The topics of all members. Empty if they are not consumers, if no protocol is chosen, or if one member's metadata cannot be
     * read: clients may put there what they like.
     */
    static Optional<Set<String>> of(ClassicGroup group) {
        if (!group.hasConsumers()) {
            return Optional.empty();
        }
        if (group.memberCount() == 0) {
            return Optional.of(Set.of());
        }
        Optional<String> protocol = group.protocol();
        if (protocol.isEmpty()) {
            return Optional.empty();
        }
        Set<String> topics = new HashSet<>();
        try {
            for (ClassicMember member : group.members()) {
                Reader in = new Reader(member.metadata(protocol.get()));
                int version = Math.min(in.int16(), ConsumerProtocolSubscription.MAX_VERSION);
                if (version < 0) {
                    return Optional.empty();
                }
                topics.addAll(ConsumerProtocolSubscription.read(in, version).topics());
            }
        } catch (MalformedMessage unreadable) {
            return Optional.empty();
        }
        return Optional.of(topics);
    }
}
