package ottla.log.retain;

/**
 * What compaction depends on in a segment. The timestamps may have to be read from the disk, and are asked for only where the
 * topic's settings make them matter.
 */
public interface CompactedSegment {
    long baseOffset();

    int sizeBytes();

    int offsetIndexBytes();

    int timeIndexBytes();

    /** The largest timestamp of the first batch, negative if it has none. */
    long firstTimestampMs();

    /** Negative if no batch has one. */
    long largestTimestampMs();
}
