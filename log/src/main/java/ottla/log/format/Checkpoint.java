package ottla.log.format;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import ottla.base.TopicPartition;

/**
 * The text files that Kafka calls checkpoints: a version, a count, and one line for each entry.
 *
 * <pre>
 * 0
 * 2
 * topic 0 15
 * topic 1 27
 * </pre>
 */
public final class Checkpoint {
    public static final String RECOVERY_POINT = "recovery-point-offset-checkpoint";
    public static final String HIGH_WATERMARK = "replication-offset-checkpoint";
    public static final String LOG_START_OFFSET = "log-start-offset-checkpoint";

    /** Up to where the cleaner has been. */
    public static final String CLEANER = "cleaner-offset-checkpoint";

    private static final String VERSION = "0";

    private Checkpoint() {}

    /** An offset of each partition. */
    public static String offsets(Map<TopicPartition, Long> offsets) {
        List<String> lines = new ArrayList<>();
        new TreeMap<>(offsets)
                .forEach((partition, offset) ->
                        lines.add(partition.topic() + " " + partition.partition() + " " + offset));
        return text(lines);
    }

    /** Reads what {@link #offsets} wrote; throws {@link MalformedFile}. */
    public static Map<TopicPartition, Long> readOffsets(String file, String text) {
        Map<TopicPartition, Long> offsets = new TreeMap<>();
        for (String line : lines(file, text)) {
            String[] words = line.split("\\s+");
            if (words.length != 3) {
                throw new MalformedFile(file, "'" + line + "' is not topic, partition and offset");
            }
            offsets.put(new TopicPartition(words[0], (int) number(file, line, words[1])), number(file, line, words[2]));
        }
        return offsets;
    }

    /** The start offset of each epoch, in order. */
    public static String epochs(List<EpochStart> epochs) {
        return text(epochs.stream()
                .map(epoch -> epoch.epoch() + " " + epoch.startOffset())
                .toList());
    }

    /** Reads what {@link #epochs} wrote; throws {@link MalformedFile}. */
    public static List<EpochStart> readEpochs(String file, String text) {
        List<EpochStart> epochs = new ArrayList<>();
        for (String line : lines(file, text)) {
            String[] words = line.split("\\s+");
            if (words.length != 2) {
                throw new MalformedFile(file, "'" + line + "' is not an epoch and an offset");
            }
            epochs.add(new EpochStart((int) number(file, line, words[0]), number(file, line, words[1])));
        }
        return epochs;
    }

    /** A leader epoch and the first offset that it wrote. */
    public record EpochStart(int epoch, long startOffset) {}

    private static String text(List<String> lines) {
        StringBuilder text =
                new StringBuilder(VERSION).append('\n').append(lines.size()).append('\n');
        lines.forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    private static List<String> lines(String file, String text) {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty()) {
            return List.of();
        }
        if (!lines.getFirst().trim().equals(VERSION)) {
            throw new MalformedFile(file, "unknown version '" + lines.getFirst() + "'");
        }
        if (lines.size() < 2) {
            throw new MalformedFile(file, "no count of entries");
        }
        long count = number(file, lines.get(1), lines.get(1).trim());
        List<String> entries = lines.subList(2, lines.size()).stream()
                .filter(line -> !line.isBlank())
                .toList();
        if (entries.size() != count) {
            throw new MalformedFile(file, count + " entries announced, " + entries.size() + " found");
        }
        return entries;
    }

    private static long number(String file, String line, String word) {
        try {
            return Long.parseLong(word);
        } catch (NumberFormatException notANumber) {
            throw new MalformedFile(file, "'" + word + "' in '" + line + "' is not a number");
        }
    }
}
