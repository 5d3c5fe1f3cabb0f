package ottla.log.retain;

/**
 * What deletion depends on.
 *
 * @param endOffset where the next segment begins, or the log's end for the last one
 * @param newestMs the largest timestamp in it, or when it was last written to if it has none
 */
public record SegmentFacts(long baseOffset, long endOffset, long sizeBytes, long newestMs) {}
