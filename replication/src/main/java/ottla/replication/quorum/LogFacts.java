package ottla.replication.quorum;

import java.util.List;

/** What a shell found on disk: all of it flushed. */
public record LogFacts(long startOffset, long endOffset, List<EpochStart> epochs, List<SnapshotId> snapshots) {
    public static final LogFacts EMPTY = new LogFacts(0, 0, List.of(), List.of());

    public LogFacts {
        epochs = List.copyOf(epochs);
        snapshots = List.copyOf(snapshots);
    }
}
