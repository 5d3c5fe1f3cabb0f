package ottla.replication.quorum;

/** Where a log ends: the offset after its last record, and that record's epoch. The greater one is the more up to date. */
public record LogEnd(int epoch, long endOffset) implements Comparable<LogEnd> {
    public static final LogEnd EMPTY = new LogEnd(0, 0);

    @Override
    public int compareTo(LogEnd other) {
        int byEpoch = Integer.compare(epoch, other.epoch);
        return byEpoch != 0 ? byEpoch : Long.compare(endOffset, other.endOffset);
    }
}
