package ottla.broker.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** How the settings of one group are held to what a node allows for all groups (KIP-848, KIP-932, KIP-1071). */
final class GroupRules {
    private static final String PREFIX = "group.";

    /** What has a least and a greatest value in the node's own settings, in the order in which Kafka looks at them. */
    private static final List<String> RANGED = List.of(
            "consumer.heartbeat.interval.ms",
            "consumer.session.timeout.ms",
            "consumer.assignment.interval.ms",
            "share.heartbeat.interval.ms",
            "share.session.timeout.ms",
            "share.record.lock.duration.ms",
            "share.delivery.count.limit",
            "share.partition.max.record.locks",
            "share.assignment.interval.ms",
            "streams.heartbeat.interval.ms",
            "streams.session.timeout.ms",
            "streams.num.standby.replicas",
            "streams.assignment.interval.ms");

    /** The only one whose limit is not called as it is itself. */
    private static final Map<String, String> GREATEST =
            Map.of("streams.num.standby.replicas", "group.streams.max.standby.replicas");

    private final Values node;
    private final Map<String, String> overrides;

    private GroupRules(Values node, Map<String, String> overrides) {
        this.node = node;
        this.overrides = overrides;
    }

    /** @param overrides known settings of one group, each of which is valid alone */
    static Optional<String> problem(Values node, Map<String, String> overrides) {
        GroupRules rules = new GroupRules(node, overrides);
        return Stream.concat(
                        RANGED.stream().filter(overrides::containsKey).flatMap(key -> rules.outOfRange(key).stream()),
                        Stream.of("consumer", "share", "streams").flatMap(kind -> rules.shortSession(kind).stream()))
                .findFirst();
    }

    private Optional<String> outOfRange(String key) {
        int value = value(key);
        return limit(key, "min")
                .filter(least -> value < node.number(least))
                .map(least -> key + " must be greater than or equal to " + least)
                .or(() -> limit(key, "max")
                        .filter(greatest -> value > node.number(greatest))
                        .map(greatest -> key + " must be less than or equal to " + greatest));
    }

    /** The node's key for a limit, such as {@code group.share.max.session.timeout.ms}. */
    private static Optional<String> limit(String key, String which) {
        if (GREATEST.containsKey(key)) {
            return Optional.of(GREATEST.get(key)).filter(greatest -> which.equals("max"));
        }
        return Optional.of(PREFIX + key.replaceFirst("\\.", "." + which + "."));
    }

    /** A member must be able to send a heartbeat before its session ends. */
    private Optional<String> shortSession(String kind) {
        String session = kind + ".session.timeout.ms";
        String heartbeat = kind + ".heartbeat.interval.ms";
        return Optional.of(session + " must be greater than " + heartbeat)
                .filter(problem -> value(session) <= value(heartbeat));
    }

    private int value(String key) {
        String override = overrides.get(key);
        return override == null ? node.number(PREFIX + key) : Integer.parseInt(override.trim());
    }
}
