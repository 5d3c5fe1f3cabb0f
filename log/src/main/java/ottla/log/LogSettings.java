package ottla.log;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import ottla.wire.record.TimestampType;

/** The texts of {@link LogConfig}: one table of names, defaults and ranges, read in both directions. */
final class LogSettings {
    /** Kafka's answer to a wrong value quotes name, value and reason in this form, and tools show it as it is. */
    private static final class Wrong extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final String name;
        private final String value;
        private final String reason;

        Wrong(String name, String value, String reason) {
            super(reason, null, false, false);
            this.name = name;
            this.value = value;
            this.reason = reason;
        }
    }

    /** One setting: how it is written, what it is if nobody sets it. */
    private record Setting(String name, String byDefault, Function<LogConfig, String> text) {}

    private static final List<Setting> SETTINGS = List.of(
            new Setting("cleanup.policy", "delete", config -> policies(config.cleanupPolicy())),
            new Setting(
                    "compression.type",
                    "producer",
                    config -> config.compressionType().text()),
            new Setting("compression.gzip.level", "-1", config -> "" + config.compressionGzipLevel()),
            new Setting("compression.lz4.level", "9", config -> "" + config.compressionLz4Level()),
            new Setting("compression.zstd.level", "3", config -> "" + config.compressionZstdLevel()),
            new Setting("delete.retention.ms", "86400000", config -> "" + config.deleteRetentionMs()),
            new Setting("file.delete.delay.ms", "60000", config -> "" + config.fileDeleteDelayMs()),
            new Setting("flush.messages", "" + Long.MAX_VALUE, config -> "" + config.flushMessages()),
            new Setting("flush.ms", "" + Long.MAX_VALUE, config -> "" + config.flushMs()),
            new Setting("follower.replication.throttled.replicas", "", LogConfig::followerReplicationThrottledReplicas),
            new Setting("index.interval.bytes", "4096", config -> "" + config.indexIntervalBytes()),
            new Setting("leader.replication.throttled.replicas", "", LogConfig::leaderReplicationThrottledReplicas),
            new Setting("local.retention.bytes", "-2", config -> "" + config.localRetentionBytes()),
            new Setting("local.retention.ms", "-2", config -> "" + config.localRetentionMs()),
            new Setting("max.compaction.lag.ms", "" + Long.MAX_VALUE, config -> "" + config.maxCompactionLagMs()),
            new Setting("max.message.bytes", "1048588", config -> "" + config.maxMessageBytes()),
            new Setting(
                    "message.timestamp.after.max.ms", "3600000", config -> "" + config.messageTimestampAfterMaxMs()),
            new Setting(
                    "message.timestamp.before.max.ms",
                    "" + Long.MAX_VALUE,
                    config -> "" + config.messageTimestampBeforeMaxMs()),
            new Setting(
                    "message.timestamp.type",
                    "CreateTime",
                    config -> config.messageTimestampType().configName()),
            new Setting("min.cleanable.dirty.ratio", "0.5", config -> "" + config.minCleanableDirtyRatio()),
            new Setting("min.compaction.lag.ms", "0", config -> "" + config.minCompactionLagMs()),
            new Setting("min.insync.replicas", "1", config -> "" + config.minInsyncReplicas()),
            new Setting("preallocate", "false", config -> "" + config.preallocate()),
            new Setting("remote.log.copy.disable", "false", config -> "" + config.remoteLogCopyDisable()),
            new Setting("remote.log.delete.on.disable", "false", config -> "" + config.remoteLogDeleteOnDisable()),
            new Setting("remote.storage.enable", "false", config -> "" + config.remoteStorageEnable()),
            new Setting("retention.bytes", "-1", config -> "" + config.retentionBytes()),
            new Setting("retention.ms", "604800000", config -> "" + config.retentionMs()),
            new Setting("segment.bytes", "1073741824", config -> "" + config.segmentBytes()),
            new Setting("segment.index.bytes", "10485760", config -> "" + config.segmentIndexBytes()),
            new Setting("segment.jitter.ms", "0", config -> "" + config.segmentJitterMs()),
            new Setting("segment.ms", "604800000", config -> "" + config.segmentMs()),
            new Setting(
                    "unclean.leader.election.enable", "false", config -> "" + config.uncleanLeaderElectionEnable()));

    /** A setting of Kafka's own tests: segments smaller than {@code segment.bytes} allows. Accepted, never listed. */
    private static final String INTERNAL_SEGMENT_BYTES = "internal.segment.bytes";

    private static final Set<String> NAMES = Collections.unmodifiableSet(
            new TreeSet<>(SETTINGS.stream().map(Setting::name).toList()));

    private final Map<String, String> texts;

    private LogSettings(Map<String, String> texts) {
        this.texts = texts;
    }

    static Set<String> names() {
        return NAMES;
    }

    static LogConfig defaults() {
        Map<String, String> texts = new TreeMap<>();
        SETTINGS.forEach(setting -> texts.put(setting.name, setting.byDefault));
        return new LogSettings(texts).config();
    }

    static Map<String, String> texts(LogConfig config) {
        Map<String, String> texts = new TreeMap<>();
        SETTINGS.forEach(setting -> texts.put(setting.name, setting.text.apply(config)));
        config.internalSegmentBytes().ifPresent(bytes -> texts.put(INTERNAL_SEGMENT_BYTES, "" + bytes));
        return texts;
    }

    static LogConfig.Parsed parse(LogConfig before, Map<String, String> changes) {
        Map<String, String> texts = texts(before);
        try {
            for (Map.Entry<String, String> change : changes.entrySet()) {
                if (!NAMES.contains(change.getKey()) && !change.getKey().equals(INTERNAL_SEGMENT_BYTES)) {
                    throw new Wrong(change.getKey(), change.getValue(), "Unknown topic config name");
                }
                texts.put(change.getKey(), change.getValue().trim());
            }
            LogConfig config = new LogSettings(texts).config();
            return new LogConfig.Parsed.Accepted(config);
        } catch (Wrong wrong) {
            return new LogConfig.Parsed.Refused(wrong.name, wrong.value, wrong.reason);
        }
    }

    private LogConfig config() {
        long retentionMs = number("retention.ms", -1, Long.MAX_VALUE);
        long retentionBytes = number("retention.bytes", Long.MIN_VALUE, Long.MAX_VALUE);
        long minLagMs = number("min.compaction.lag.ms", 0, Long.MAX_VALUE);
        long maxLagMs = number("max.compaction.lag.ms", 1, Long.MAX_VALUE);
        if (minLagMs > maxLagMs) {
            throw new Wrong(
                    "min.compaction.lag.ms",
                    "" + minLagMs,
                    "conflict with max.compaction.lag.ms (" + maxLagMs
                            + "): the least lag may not exceed the greatest");
        }
        return new LogConfig(
                policies(text("cleanup.policy")),
                compression(),
                gzipLevel(),
                (int) number("compression.lz4.level", 1, 17),
                (int) number("compression.zstd.level", -131_072, 22),
                number("delete.retention.ms", 0, Long.MAX_VALUE),
                number("file.delete.delay.ms", 0, Long.MAX_VALUE),
                number("flush.messages", 1, Long.MAX_VALUE),
                number("flush.ms", 0, Long.MAX_VALUE),
                throttled("follower.replication.throttled.replicas"),
                (int) number("index.interval.bytes", 0, Integer.MAX_VALUE),
                throttled("leader.replication.throttled.replicas"),
                number("local.retention.bytes", -2, Long.MAX_VALUE),
                number("local.retention.ms", -2, Long.MAX_VALUE),
                maxLagMs,
                (int) number("max.message.bytes", 0, Integer.MAX_VALUE),
                number("message.timestamp.after.max.ms", 0, Long.MAX_VALUE),
                number("message.timestamp.before.max.ms", 0, Long.MAX_VALUE),
                timestampType(),
                ratio(),
                minLagMs,
                (int) number("min.insync.replicas", 1, Integer.MAX_VALUE),
                flag("preallocate"),
                flag("remote.log.copy.disable"),
                flag("remote.log.delete.on.disable"),
                flag("remote.storage.enable"),
                retentionBytes,
                retentionMs,
                (int) number("segment.bytes", 1 << 20, Integer.MAX_VALUE),
                internalSegmentBytes(),
                (int) number("segment.index.bytes", 4, Integer.MAX_VALUE),
                number("segment.jitter.ms", 0, Long.MAX_VALUE),
                number("segment.ms", 1, Long.MAX_VALUE),
                flag("unclean.leader.election.enable"));
    }

    private OptionalInt internalSegmentBytes() {
        return text(INTERNAL_SEGMENT_BYTES).isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of((int) number(INTERNAL_SEGMENT_BYTES, Integer.MIN_VALUE, Integer.MAX_VALUE));
    }

    private String text(String name) {
        @Nullable String value = texts.get(name);
        return value == null ? "" : value;
    }

    private long number(String name, long least, long most) {
        String value = text(name);
        long number;
        try {
            number = Long.parseLong(value);
        } catch (NumberFormatException notANumber) {
            throw new Wrong(name, value, "Not a number of type " + (most > Integer.MAX_VALUE ? "LONG" : "INT"));
        }
        if (number < least) {
            throw new Wrong(name, value, "Value must be at least " + least);
        }
        if (number > most) {
            throw new Wrong(
                    name,
                    value,
                    most == Integer.MAX_VALUE ? "Not a number of type INT" : "Value must be no more than " + most);
        }
        return number;
    }

    private int gzipLevel() {
        String name = "compression.gzip.level";
        int level = (int) number(name, Integer.MIN_VALUE, Integer.MAX_VALUE);
        if (level != -1 && (level < 1 || level > 9)) {
            throw new Wrong(name, "" + level, "Value must be between 1 and 9 or equal to -1");
        }
        return level;
    }

    private double ratio() {
        String name = "min.cleanable.dirty.ratio";
        String value = text(name);
        double ratio;
        try {
            ratio = Double.parseDouble(value);
        } catch (NumberFormatException notANumber) {
            throw new Wrong(name, value, "Not a number of type DOUBLE");
        }
        if (!(ratio >= 0 && ratio <= 1)) {
            throw new Wrong(name, value, ratio > 1 ? "Value must be no more than 1" : "Value must be at least 0");
        }
        return ratio;
    }

    private boolean flag(String name) {
        String value = text(name);
        if (value.equalsIgnoreCase("true")) {
            return true;
        }
        if (value.equalsIgnoreCase("false")) {
            return false;
        }
        throw new Wrong(name, value, "Expected value to be either true or false");
    }

    private TimestampType timestampType() {
        String value = text("message.timestamp.type");
        for (TimestampType type : TimestampType.values()) {
            if (type.configName().equals(value)) {
                return type;
            }
        }
        throw new Wrong("message.timestamp.type", value, "String must be one of: CreateTime, LogAppendTime");
    }

    private CompressionType compression() {
        String value = text("compression.type");
        for (CompressionType type : CompressionType.values()) {
            if (type.text().equals(value)) {
                return type;
            }
        }
        throw new Wrong(
                "compression.type", value, "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer");
    }

    private static Set<CleanupPolicy> policies(String value) {
        Set<CleanupPolicy> policies = EnumSet.noneOf(CleanupPolicy.class);
        for (String word : words(value)) {
            CleanupPolicy policy = switch (word) {
                case "delete" -> CleanupPolicy.DELETE;
                case "compact" -> CleanupPolicy.COMPACT;
                default -> throw new Wrong("cleanup.policy", word, "String must be one of: compact, delete");
            };
            policies.add(policy);
        }
        return policies;
    }

    private static String policies(Set<CleanupPolicy> policies) {
        List<String> words = new ArrayList<>();
        for (CleanupPolicy policy : CleanupPolicy.values()) {
            if (policies.contains(policy)) {
                words.add(policy.name().toLowerCase(Locale.ROOT));
            }
        }
        Collections.sort(words);
        return String.join(",", words);
    }

    /** {@code *}, nothing, or pairs {@code partition:broker}. */
    private String throttled(String name) {
        String value = text(name);
        if (value.equals("*")) {
            return value;
        }
        for (String word : words(value)) {
            if (!word.matches("[0-9]+:[0-9]+")) {
                throw new Wrong(
                        name,
                        value,
                        name + " must be the literal '*' or a list of replicas in the following format: "
                                + "[partitionId]:[brokerId],[partitionId]:[brokerId],...");
            }
        }
        return value;
    }

    private static List<String> words(String value) {
        List<String> words = new ArrayList<>();
        for (String word : value.split(",")) {
            if (!word.isBlank()) {
                words.add(word.trim());
            }
        }
        return words;
    }
}
