package ottla.replication.quorum;

import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Which voters, and which {@code kraft.version}, each offset of the log has put in force. A replica acts on the newest of them
 * even before it is committed (KIP-853), so truncating the log takes it back.
 *
 * <p>Owned by the thread of its {@link Quorum}.
 */
public final class VoterHistory {
    /** What came from a snapshot that {@code format} wrote, or from the configuration, lies before the first record. */
    public static final long BEFORE_THE_LOG = -1;

    private final VoterSet configured;
    private final TreeMap<Long, VoterSet> voters = new TreeMap<>();
    private final TreeMap<Long, Integer> kRaftVersions = new TreeMap<>();

    /** {@code configured} is {@code controller.quorum.voters}; empty where the log says who votes. */
    public VoterHistory(VoterSet configured) {
        this.configured = configured;
    }

    public VoterSet latest() {
        return voters.isEmpty() ? configured : voters.lastEntry().getValue();
    }

    /** The offset of the record that holds the latest voters; empty if they are the configured ones. */
    public OptionalLong latestOffset() {
        return voters.isEmpty() ? OptionalLong.empty() : OptionalLong.of(voters.lastKey());
    }

    /** 0 with configured voters, 1 with voters in the log. */
    public int kRaftVersion() {
        return kRaftVersions.isEmpty() ? 0 : kRaftVersions.lastEntry().getValue();
    }

    /** The voters that were in force for a log that ends at {@code endOffset}. */
    public VoterSet at(long endOffset) {
        Map.Entry<Long, VoterSet> entry = voters.lowerEntry(endOffset);
        return entry == null ? configured : entry.getValue();
    }

    public int kRaftVersionAt(long endOffset) {
        Map.Entry<Long, Integer> entry = kRaftVersions.lowerEntry(endOffset);
        return entry == null ? 0 : entry.getValue();
    }

    public void record(ControlRecord control, long offset) {
        switch (control) {
            case ControlRecord.Voters change -> voters.put(offset, change.voters());
            case ControlRecord.KRaftVersion change -> kRaftVersions.put(offset, change.version());
            case ControlRecord.LeaderChange ignored -> {}
            case ControlRecord.SnapshotHeader ignored -> {}
            case ControlRecord.SnapshotFooter ignored -> {}
        }
    }

    void truncateTo(long endOffset) {
        voters.tailMap(endOffset, true).clear();
        kRaftVersions.tailMap(endOffset, true).clear();
    }

    /** Forgets what was in force only before {@code startOffset}: no log that ends there will be asked about. */
    void startAt(long startOffset) {
        forget(voters, startOffset);
        forget(kRaftVersions, startOffset);
    }

    void clear() {
        voters.clear();
        kRaftVersions.clear();
    }

    private static <T> void forget(NavigableMap<Long, T> history, long startOffset) {
        Long inForce = history.lowerKey(startOffset);
        if (inForce != null) {
            history.headMap(inForce, false).clear();
        }
    }
}
