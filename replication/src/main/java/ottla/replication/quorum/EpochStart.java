package ottla.replication.quorum;

/** The first offset of a leader epoch. */
public record EpochStart(int epoch, long startOffset) {}
