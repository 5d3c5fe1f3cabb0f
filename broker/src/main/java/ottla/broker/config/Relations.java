package ottla.broker.config;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What holds between the values of several keys, as Kafka checks it at start. */
final class Relations {
    private static final long CLEANER_THREAD_BYTES = 1 << 20;

    /** A key whose value must not exceed another's. */
    private record AtMost(String lesser, String greater) {}

    private static final List<AtMost> AT_MOST = atMost();

    private final Values values;
    private final List<String> problems;

    private Relations(Values values, List<String> problems) {
        this.values = values;
        this.problems = problems;
    }

    static void check(Values values, List<String> problems) {
        Relations relations = new Relations(values, problems);
        AT_MOST.forEach(relations::check);
        relations.checkSessions();
        relations.checkConnections();
        relations.checkCleaner();
        relations.checkRetention();
        relations.checkGroups();
        relations.checkCordoned();
    }

    private static List<AtMost> atMost() {
        List<AtMost> all = new ArrayList<>();
        for (String kind : List.of("consumer", "share", "streams")) {
            for (String what : List.of("heartbeat.interval.ms", "session.timeout.ms", "assignment.interval.ms")) {
                bounded(all, "group." + kind + ".", what);
            }
        }
        bounded(all, "group.share.", "record.lock.duration.ms");
        bounded(all, "group.share.", "delivery.count.limit");
        bounded(all, "group.share.", "partition.max.record.locks");
        all.add(new AtMost("group.share.max.size", "group.share.max.share.sessions"));
        all.add(new AtMost("group.streams.num.standby.replicas", "group.streams.max.standby.replicas"));
        all.add(new AtMost("replica.fetch.wait.max.ms", "replica.socket.timeout.ms"));
        all.add(new AtMost("replica.fetch.wait.max.ms", "replica.lag.time.max.ms"));
        return List.copyOf(all);
    }

    private static void bounded(List<AtMost> all, String prefix, String what) {
        all.add(new AtMost(prefix + "min." + what, prefix + what));
        all.add(new AtMost(prefix + what, prefix + "max." + what));
        all.add(new AtMost(prefix + "min." + what, prefix + "max." + what));
    }

    private void check(AtMost pair) {
        if (values.longNumber(pair.lesser) > values.longNumber(pair.greater)) {
            refuse(pair.lesser, "must not be more than " + pair.greater + ", which is " + values.text(pair.greater));
        }
    }

    /** A member must be able to send a heartbeat before its session ends. */
    private void checkSessions() {
        for (String kind : List.of("consumer", "share", "streams")) {
            String heartbeat = "group." + kind + ".heartbeat.interval.ms";
            String session = "group." + kind + ".session.timeout.ms";
            if (values.number(heartbeat) >= values.number(session)) {
                refuse(heartbeat, "must be less than " + session + ", which is " + values.text(session));
            }
        }
    }

    private void checkConnections() {
        long idleMs = values.longNumber("connections.max.idle.ms");
        if (idleMs >= 0 && values.number("connection.failed.authentication.delay.ms") >= idleMs) {
            refuse(
                    "connections.max.idle.ms",
                    "must be more than connection.failed.authentication.delay.ms, which is "
                            + values.text("connection.failed.authentication.delay.ms"));
        }
        long queuedBytes = values.longNumber("queued.max.request.bytes");
        if (queuedBytes > 0 && queuedBytes < values.number("socket.request.max.bytes")) {
            refuse(
                    "queued.max.request.bytes",
                    "must be at least socket.request.max.bytes, which is " + values.text("socket.request.max.bytes"));
        }
        if (values.number("max.connections.per.ip") == 0
                && values.list("max.connections.per.ip.overrides").isEmpty()) {
            refuse("max.connections.per.ip", "may be 0 only if max.connections.per.ip.overrides lets somebody in");
        }
        checkConnectionsPerIp();
    }

    private void checkCleaner() {
        int threads = values.number("log.cleaner.threads");
        if (threads == 0) {
            refuse("log.cleaner.threads", "must be at least 1");
        } else if (values.longNumber("log.cleaner.dedupe.buffer.size") / threads <= CLEANER_THREAD_BYTES) {
            refuse("log.cleaner.dedupe.buffer.size", "must be more than 1048576 for each of log.cleaner.threads");
        }
    }

    private void checkRetention() {
        Stream.of("log.retention.ms", "log.retention.minutes", "log.retention.hours")
                .filter(key -> values.find(key).isPresent())
                .findFirst()
                .filter(key -> values.longNumber(key) == 0)
                .ifPresent(key -> refuse(key, "must be at least 1, or -1 for no limit"));
    }

    private void checkGroups() {
        if (!values.list("group.coordinator.rebalance.protocols").contains("classic")) {
            refuse("group.coordinator.rebalance.protocols", "must contain classic");
        }
    }

    private void checkCordoned() {
        List<String> cordoned = values.list(CordonedDirectories.KEY);
        if (cordoned.contains(CordonedDirectories.ALL) && cordoned.size() > 1) {
            problems.add("When " + CordonedDirectories.KEY + " is set to *, it must not contain other values");
        } else if (!cordoned.contains(CordonedDirectories.ALL)) {
            List<String> missing = cordoned.stream()
                    .filter(path -> !values.logDirs().contains(path))
                    .toList();
            if (!missing.isEmpty()) {
                problems.add("All entries in " + CordonedDirectories.KEY
                        + " must be present in log.dirs or log.dir. Missing entries : " + String.join(", ", missing));
            }
        }
    }

    private void checkConnectionsPerIp() {
        for (String override : values.list("max.connections.per.ip.overrides")) {
            int colon = override.lastIndexOf(':');
            if (colon <= 0
                    || ConfigType.INT.problem(override.substring(colon + 1)).isPresent()) {
                problems.add("Invalid value " + override
                        + " for configuration max.connections.per.ip.overrides: each entry is host:number.");
            }
        }
    }

    private void refuse(String key, String what) {
        problems.add("Invalid value " + values.text(key) + " for configuration " + key + ": the value " + what + ".");
    }
}
