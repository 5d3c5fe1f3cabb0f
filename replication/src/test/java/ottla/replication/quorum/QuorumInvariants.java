package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import ottla.replication.quorum.SimulatedReplica.Entry;

/**
 * What must hold in a quorum after everything that happens: one leader in an epoch, elected by a majority that remembers its votes;
 * what is committed is on the disks of a majority, never changes, and is in every later leader's log; epochs and high watermarks
 * never go back; the voters change by one replica at a time.
 */
final class QuorumInvariants {
    private final Map<Integer, ReplicaKey> leaderOfEpoch = new HashMap<>();
    private final Map<ReplicaKey, Long> highWatermarks = new HashMap<>();
    private final Map<ReplicaKey, Integer> epochs = new HashMap<>();
    private final Map<ReplicaKey, SimulatedReplica> replicas = new HashMap<>();

    /** What lay on disks that are lost. Who had acknowledged it need not have known that its disk would break. */
    private final Map<ReplicaKey, List<Entry>> lostDisks = new HashMap<>();

    private final Map<ReplicaKey, Election> lostElections = new HashMap<>();
    private final List<Entry> committed = new ArrayList<>();

    /** In which epoch each of those was committed first. */
    private final List<Integer> committedIn = new ArrayList<>();

    List<Entry> committed() {
        return committed;
    }

    void watch(SimulatedReplica replica) {
        replicas.put(replica.key(), replica);
    }

    /** The high watermark is not remembered on disk. */
    void crashed(SimulatedReplica replica) {
        highWatermarks.remove(replica.key());
    }

    void losesDisk(SimulatedReplica replica) {
        lostDisks.put(replica.key(), List.copyOf(replica.log));
        lostElections.put(replica.key(), replica.saved());
        replicas.remove(replica.key());
    }

    boolean haveLostDisks() {
        return !lostDisks.isEmpty();
    }

    boolean isLost(ReplicaKey voter) {
        return lostDisks.containsKey(voter);
    }

    void happened(SimulatedReplica at, Effect effect) {
        switch (effect) {
            case Effect.BecomeLeader leader -> elected(at, leader.epoch());
            case Effect.Commit commit -> committed(at, commit.highWatermark());
            case Effect.SaveElection save -> {
                int epoch = save.election().epoch();
                check(epochs.getOrDefault(at.key(), -1) <= epoch, () -> "the epoch of " + at.id + " went back");
                epochs.put(at.key(), epoch);
            }
            case Effect.Truncate truncate ->
                check(
                        truncate.endOffset() >= highWatermarks.getOrDefault(at.key(), -1L),
                        () -> "replica " + at.id + " cuts off what is committed");
            case Effect.AppendControl append -> begins(at, append.controls());
            default -> {}
        }
    }

    /** Where the replica stands, whatever it did or did not say of it. */
    void settled(SimulatedReplica at) {
        int epoch = at.quorum().role().epoch();
        long highWatermark = at.quorum().highWatermark();
        check(
                epoch >= epochs.getOrDefault(at.key(), -1),
                () -> "replica " + at.id + " is in epoch " + epoch + " after a later one");
        check(
                highWatermark >= highWatermarks.getOrDefault(at.key(), -1L),
                () -> "the high watermark of " + at.id + " went back unsaid");
        check(highWatermark <= at.log.size(), () -> "replica " + at.id + " lacks what is committed there");
        check(
                !at.leads() || at.key().equals(leaderOfEpoch.get(epoch)),
                () -> "replica " + at.id + " leads epoch " + epoch + " of another");
    }

    /** With its epoch a leader may say where it listens, but nothing about who votes. */
    private static void begins(SimulatedReplica at, List<ControlRecord> controls) {
        for (ControlRecord control : controls) {
            check(
                    !(controls.getFirst() instanceof ControlRecord.LeaderChange)
                            || !(control instanceof ControlRecord.Voters voters)
                            || sameReplicas(at.quorum().voters().latest(), voters.voters()),
                    () -> "leader " + at.id + " changes voters with its epoch");
        }
    }

    private void elected(SimulatedReplica at, int epoch) {
        ReplicaKey other = leaderOfEpoch.put(epoch, at.key());
        check(other == null, () -> "epoch " + epoch + " has the leaders " + other + " and " + at.key());
        check(hasWhatWasCommittedBefore(at, epoch), () -> "leader " + at.id + " lacks what is committed");
        VoterHistory history = at.quorum().voters();
        VoterSet voters = history.latest();
        check(
                voters.contains(at.key())
                        || history.at(history.latestOffset().orElse(0)).contains(at.key()),
                () -> "leader " + at.id + " is none of the voters, and was none before the last change");
        long granted = voters.voters().stream()
                .filter(voter -> mayHaveVoted(voter, at.key(), epoch))
                .count();
        check(
                granted >= voters.majority(),
                () -> "leader " + at.id + " of epoch " + epoch + " has " + granted + " votes of " + voters.size());
    }

    /** Votes may arrive when a later leader has committed already: that leader's entries are of no concern to an earlier one. */
    private boolean hasWhatWasCommittedBefore(SimulatedReplica leader, int epoch) {
        for (int offset = 0; offset < committed.size() && committedIn.get(offset) < epoch; offset++) {
            if (offset >= leader.log.size() || !leader.log.get(offset).equals(committed.get(offset))) {
                return false;
            }
        }
        return true;
    }

    /** Whether what the voter remembers allows for its vote. */
    private boolean mayHaveVoted(Voter voter, ReplicaKey candidate, int epoch) {
        Optional<Election> saved = find(voter.key())
                .map(SimulatedReplica::saved)
                .or(() -> Optional.ofNullable(lostElections.get(voter.key())));
        if (saved.isEmpty()) {
            return false;
        }
        Election election = saved.get();
        return election.epoch() > epoch
                || (election.epoch() == epoch
                        && (election.votedFor().equals(Optional.of(candidate))
                                || (voter.id() == candidate.id()
                                        && election.leaderId().orElse(-1) == candidate.id())));
    }

    private void committed(SimulatedReplica at, long highWatermark) {
        long before = highWatermarks.getOrDefault(at.key(), 0L);
        check(highWatermark >= before, () -> "the high watermark of " + at.id + " went back");
        highWatermarks.put(at.key(), highWatermark);
        check(highWatermark <= at.log.size(), () -> "replica " + at.id + " lacks what it thinks committed");
        for (int offset = (int) before; offset < highWatermark; offset++) {
            Entry entry = at.log.get(offset);
            if (offset == committed.size()) {
                committed.add(entry);
                committedIn.add(at.quorum().role().epoch());
            }
            int where = offset;
            check(committed.get(offset).equals(entry), () -> "two values were committed at offset " + where);
        }
        if (at.leads() && highWatermark > 0) {
            VoterSet voters = at.quorum().voters().latest();
            int last = (int) highWatermark - 1;
            long copies = voters.voters().stream()
                    .filter(voter -> hasOnDisk(voter.key(), last, at.log.get(last)))
                    .count();
            check(
                    copies >= voters.majority(),
                    () -> "leader " + at.id + " commits up to " + highWatermark + " with " + copies + " copies among "
                            + voters.size() + " voters");
        }
    }

    private boolean hasOnDisk(ReplicaKey voter, int offset, Entry entry) {
        List<Entry> lost = lostDisks.get(voter);
        if (lost != null) {
            return lost.size() > offset && lost.get(offset).equals(entry);
        }
        return find(voter)
                .filter(replica ->
                        replica.flushedEnd() > offset && replica.log.get(offset).equals(entry))
                .isPresent();
    }

    /** A voter's replica; of a static voter it is not known where it keeps its log. */
    private Optional<SimulatedReplica> find(ReplicaKey voter) {
        if (!voter.directoryId().isZero()) {
            return Optional.ofNullable(replicas.get(voter));
        }
        return replicas.values().stream()
                .filter(replica -> voter.covers(replica.key()))
                .findFirst();
    }

    /** A leader writes voters: all that were written before are committed, and these differ from them by one replica at most. */
    void voting(SimulatedReplica at, VoterSet next) {
        VoterSet latest = at.quorum().voters().latest();
        VoterSet before = at.quorum().voters().at(committed.size());
        check(sameReplicas(before, latest), () -> "leader " + at.id + " changes voters that are not committed");
        check(
                sameReplicas(latest, next) || latest.overlaps(next),
                () -> "leader " + at.id + " changes more than one voter");
        check(!next.isEmpty(), () -> "leader " + at.id + " removes the last voter");
    }

    private static boolean sameReplicas(VoterSet one, VoterSet other) {
        return one.ids().equals(other.ids())
                && one.voters().stream()
                        .allMatch(voter -> voter.key()
                                .covers(other.find(voter.id()).orElseThrow().key()));
    }

    static void check(boolean holds, Supplier<String> rule) {
        if (!holds) {
            throw new AssertionError(rule.get());
        }
    }
}
