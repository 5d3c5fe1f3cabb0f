package ottla.replication.quorum;

import java.util.List;

/** What the quorum itself writes into the metadata log and its snapshots, between the controller's records. */
public sealed interface ControlRecord {
    /** The first record of every leader epoch. */
    record LeaderChange(int leaderId, List<Integer> voters, List<Integer> grantingVoters) implements ControlRecord {
        public LeaderChange {
            voters = List.copyOf(voters);
            grantingVoters = List.copyOf(grantingVoters);
        }
    }

    /** The level of the feature {@code kraft.version} from here on (KIP-853). */
    record KRaftVersion(int version) implements ControlRecord {}

    /** Who votes from here on (KIP-853). */
    record Voters(VoterSet voters) implements ControlRecord {}

    /** The first record of a snapshot (KIP-630). */
    record SnapshotHeader(long lastContainedTimeMs) implements ControlRecord {}

    /** The last record of a snapshot: without it, the file is not whole. */
    record SnapshotFooter() implements ControlRecord {}
}
