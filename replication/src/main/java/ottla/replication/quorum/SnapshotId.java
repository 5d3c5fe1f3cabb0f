package ottla.replication.quorum;

/** A snapshot of all records below {@code endOffset}; {@code epoch} is that of the last of them (KIP-630). */
public record SnapshotId(long endOffset, int epoch) implements Comparable<SnapshotId> {
    /** The snapshot that {@code format} writes to hold the first voters of a dynamic quorum (KIP-853). */
    public static final SnapshotId BOOTSTRAP = new SnapshotId(0, 0);

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
