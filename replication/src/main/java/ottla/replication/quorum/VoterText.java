package ottla.replication.quorum;

import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** Voters as Kafka's answers spell them, which its tools show to people. */
final class VoterText {
    private VoterText() {}

    static String of(ReplicaKey replica) {
        return "ReplicaKey(id=%d, directoryId=%s)"
                .formatted(replica.id(), replica.directoryId().isZero() ? "<undefined>" : replica.directoryId());
    }

    static String of(VoterSet voters) {
        return voters.voters().stream().map(voter -> of(voter.key())).collect(Collectors.joining(", ", "[", "]"));
    }

    static String of(Map<String, Endpoint> endpoints) {
        return endpoints.entrySet().stream()
                .map(entry -> "%s=%s/<unresolved>:%d"
                        .formatted(
                                listener(entry.getKey()),
                                entry.getValue().host(),
                                entry.getValue().port()))
                .collect(Collectors.joining(", ", "Endpoints(endpoints={", "})"));
    }

    static String of(OptionalLong offset) {
        return offset.isPresent() ? "Optional[%d]".formatted(offset.getAsLong()) : "Optional.empty";
    }

    static String listener(String name) {
        return "ListenerName(%s)".formatted(name);
    }

    static String versions(Voter voter) {
        return "(min: %d, max: %d)".formatted(voter.minKRaftVersion(), voter.maxKRaftVersion());
    }
}
