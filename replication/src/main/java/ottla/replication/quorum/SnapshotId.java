package ottla.replication.quorum;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A snapshot of all records below {@code endOffset}; {@code epoch} is that of the last of them (KIP-630). */
public record SnapshotId(long endOffset, int epoch) implements Comparable<SnapshotId> {
    /** The snapshot that {@code format} writes to hold the first voters of a dynamic quorum (KIP-853). */
    public static final SnapshotId BOOTSTRAP = new SnapshotId(0, 0);

    /** Unfinished and deleted ones have something behind this. */
    private static final Pattern FILE_NAME = Pattern.compile("([0-9]{20})-([0-9]{10})\\.checkpoint");

    /** The name of its file. */
    public String fileName() {
        return this + ".checkpoint";
    }

    /** The snapshot that a file of the metadata log's directory holds; empty for files that are none, or not whole. */
    public static Optional<SnapshotId> ofFileName(String name) {
        Matcher matcher = FILE_NAME.matcher(name);
        try {
            return matcher.matches()
                    ? Optional.of(new SnapshotId(Long.parseLong(matcher.group(1)), Integer.parseInt(matcher.group(2))))
                    : Optional.empty();
        } catch (NumberFormatException tooLarge) {
            return Optional.empty();
        }
    }

    @Override
    public int compareTo(SnapshotId other) {
        int byOffset = Long.compare(endOffset, other.endOffset);
        return byOffset != 0 ? byOffset : Integer.compare(epoch, other.epoch);
    }

    /** As in the name of the file. */
    @Override
    public String toString() {
        return "%020d-%010d".formatted(endOffset, epoch);
    }
}
