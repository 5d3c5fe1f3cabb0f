package ottla.replication.quorum;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import ottla.replication.quorum.SimulatedCluster.Voting;

/**
 * A quorum of one to seven voters and up to three observers: voters are added, removed, moved and lose their disks, {@code kraft.version}
 * is raised, snapshots are written and the log before them deleted, while messages are lost, late, repeated and overtaken, nodes are
 * cut off and crash with what they did not flush, and every clock runs at its own pace. After each storm the quorum must find back to
 * one leader and one log.
 */
final class QuorumStorm {
    /** With everybody up and a sound network, there is a leader and it commits well within some election timeouts. */
    private static final long RECOVERY_MS = 30_000;

    /** Who joins by itself tries once in a fetch timeout, and all of them try at the same time. */
    private static final long JOINING_MS = 120_000;

    /** One storm of so many is steered by a {@link QuorumAdversary}. */
    private static final int STEERED_EACH = 10;

    private final SplittableRandom random;
    private final SimulatedCluster cluster;
    private final Voting voting;
    private final Optional<QuorumAdversary.Plot> plot;
    private long nextValue = 1;

    private QuorumStorm(long seed) {
        // Neighbouring seeds of this generator begin alike.
        random = new SplittableRandom(new SplittableRandom(seed).nextLong());
        if (seed % STEERED_EACH != 0) {
            plot = Optional.empty();
            voting = random.nextInt(4) == 0 ? Voting.CONFIGURED : Voting.IN_THE_LOG;
            cluster = new SimulatedCluster(1 + random.nextInt(7), random.nextInt(4), voting, random);
        } else if (random.nextBoolean()) {
            plot = Optional.of(QuorumAdversary.Plot.RECORDS);
            voting = random.nextInt(4) == 0 ? Voting.CONFIGURED : Voting.IN_THE_LOG;
            cluster = new SimulatedCluster(3 + random.nextInt(3), random.nextInt(2), voting, random);
        } else {
            plot = Optional.of(QuorumAdversary.Plot.VOTERS);
            voting = Voting.IN_THE_LOG;
            // of an even number a majority is one more than half: room for two majorities that differ by a voter each
            cluster = new SimulatedCluster(random.nextInt(4) == 0 ? 3 : 4, 1 + random.nextInt(2), voting, random);
        }
    }

    static void run(long seed) {
        QuorumStorm storm = new QuorumStorm(seed);
        try {
            storm.plot.ifPresentOrElse(storm::steer, storm::rage);
            storm.recover();
        } catch (AssertionError | RuntimeException failure) {
            throw new AssertionError(
                    "at " + storm.cluster.nowMs() + " ms; replay with -Dottla.seed=" + seed + ": "
                            + failure.getMessage(),
                    failure);
        }
    }

    private void rage() {
        long stormMs = 500L + random.nextInt(6_500);
        int calm = 5 + random.nextInt(60);
        weather();
        while (cluster.nowMs() < stormMs) {
            cluster.advance(stormMs);
            if (random.nextInt(calm) == 0) {
                disturb();
            }
            if (random.nextInt(8) == 0) {
                cluster.leader().ifPresent(leader -> cluster.append(leader, nextValue++));
            }
        }
    }

    /** A sound network but for where the adversary cuts it. */
    private void steer(QuorumAdversary.Plot bent) {
        long stormMs = 4_000L + random.nextInt(12_000);
        QuorumAdversary adversary = new QuorumAdversary(cluster, bent, Long.MAX_VALUE / 2, random);
        cluster.watch(adversary);
        cluster.fetchAtMost(1 + random.nextInt(4));
        cluster.behave(new SimulatedCluster.Faults(0, random.nextInt(5), 1 + random.nextInt(8)));
        while (cluster.nowMs() < stormMs) {
            cluster.advance(stormMs);
            switch (random.nextInt(200)) {
                case 0 -> {
                    if (random.nextInt(8) == 0) {
                        cluster.split(Set.of());
                    }
                }
                case 1 -> {
                    if (random.nextInt(4) == 0) {
                        crash(any());
                    }
                }
                case 2 -> restart(any());
                case 3 -> cluster.leader().ifPresent(adversary::changeVoters);
                case 4, 5, 6 -> cluster.leader().ifPresent(leader -> cluster.append(leader, nextValue++));
                default -> {}
            }
        }
        cluster.watch((_, _) -> {});
    }

    private void weather() {
        cluster.behave(
                random.nextBoolean()
                        ? new SimulatedCluster.Faults(0, random.nextInt(5), 1 + random.nextInt(20))
                        : new SimulatedCluster.Faults(random.nextInt(25), random.nextInt(15), 1 + random.nextInt(300)));
    }

    private SimulatedReplica any() {
        return cluster.replicas.get(random.nextInt(cluster.replicas.size()));
    }

    private void disturb() {
        SimulatedReplica victim = any();
        switch (random.nextInt(16)) {
            case 0 -> cluster.isolate(victim.id);
            case 1 -> cluster.cut(victim.id, any().id);
            case 2, 3 -> {
                cluster.heal();
                weather();
            }
            case 4, 5 -> crash(victim);
            case 6, 7, 8 -> restart(victim);
            case 9 -> {
                if (victim.leads()) {
                    victim.step(
                            cluster.nowMs(),
                            new Input.ResignAsked(victim.quorum().role().epoch()));
                }
            }
            case 10 -> {
                if (victim.isUp()) {
                    victim.createSnapshot(cluster.nowMs());
                }
            }
            case 11 -> {
                if (victim.isUp()) {
                    victim.clean(cluster.nowMs());
                }
            }
            default -> operator().ifPresent(this::changeVoters);
        }
    }

    /** Whom an operator asks: mostly who leads. */
    private Optional<SimulatedReplica> operator() {
        return random.nextInt(8) == 0 ? Optional.of(any()).filter(SimulatedReplica::isUp) : cluster.leader();
    }

    private void changeVoters(SimulatedReplica at) {
        VoterSet voters = at.quorum().voters().latest();
        if (at.quorum().voters().kRaftVersion() == 0) {
            int epoch = at.quorum().role().epoch();
            Input.Upgrade upgrade = random.nextInt(5) == 0 ? Input.Upgrade.VALIDATE : Input.Upgrade.MAKE;
            cluster.operate(at, request -> new Input.KRaftVersionAsked(request, epoch, 1, upgrade));
            return;
        }
        if (random.nextBoolean()) {
            SimulatedReplica next = any();
            Input.Acknowledge acknowledge =
                    random.nextBoolean() ? Input.Acknowledge.WHEN_APPENDED : Input.Acknowledge.WHEN_COMMITTED;
            cluster.operate(at, request -> new Input.VoterAddAsked(request, next.key(), next.endpoints(), acknowledge));
            return;
        }
        List<ReplicaKey> lost = voters.voters().stream()
                .map(Voter::key)
                .filter(cluster.invariants::isLost)
                .toList();
        if (!lost.isEmpty()) {
            cluster.operate(at, request -> new Input.VoterRemoveAsked(request, lost.getFirst()));
        } else if (!voters.isEmpty()) {
            Voter leaver = List.copyOf(voters.voters()).get(random.nextInt(voters.size()));
            cluster.operate(at, request -> new Input.VoterRemoveAsked(request, leaver.key()));
        }
    }

    private void crash(SimulatedReplica victim) {
        if (!victim.isUp()) {
            return;
        }
        cluster.crash(victim);
        if (random.nextInt(4) == 0) {
            victim.move();
        }
        if (random.nextInt(3) == 0 && mayLoseDisk(victim)) {
            cluster.loseDisk(victim);
        }
    }

    /**
     * A quorum survives as many lost disks as it survives lost voters. Where voters are configured nobody can see that a disk was
     * lost, which is why they are better kept in the log.
     */
    private boolean mayLoseDisk(SimulatedReplica victim) {
        if (voting == Voting.CONFIGURED) {
            return false;
        }
        for (SimulatedReplica replica : cluster.replicas) {
            VoterSet voters = replica.quorum().voters().latest();
            long lost = voters.voters().stream()
                    .filter(voter -> voter.key().equals(victim.key()) || cluster.invariants.isLost(voter.key()))
                    .count();
            if (voters.contains(victim.key()) && voters.size() - lost < voters.majority()) {
                return false;
            }
        }
        return true;
    }

    private void restart(SimulatedReplica victim) {
        if (!victim.isUp()) {
            cluster.restart(victim);
        }
    }

    /** A disk was lost while a removal was under way that made its replica one too many. No quorum survives that. */
    private boolean isDoomed() {
        return cluster.replicas.stream()
                .map(replica -> replica.quorum().voters().latest())
                .anyMatch(voters -> voters.voters().stream()
                                .filter(voter -> !cluster.invariants.isLost(voter.key()))
                                .count()
                        < (voters.isEmpty() ? 0 : voters.majority()));
    }

    /**
     * Disks were lost, and what was under way when they were has left nobody whom a majority of his voters could elect: the longest log is
     * that of a replica which does not vote, or the change made one of the lost replicas one too many. Operators have to help then.
     */
    private boolean isBeyondHelp() {
        return cluster.invariants.haveLostDisks() && cluster.replicas.stream().noneMatch(this::canBeElected);
    }

    private boolean canBeElected(SimulatedReplica candidate) {
        VoterSet voters = candidate.quorum().voters().latest();
        long granting = cluster.replicas.stream()
                .filter(replica -> voters.contains(replica.key()))
                .filter(replica ->
                        replica.quorum().logEnd().compareTo(candidate.quorum().logEnd()) <= 0)
                .count();
        return voters.contains(candidate.key()) && granting >= voters.majority();
    }

    private void recover() {
        cluster.heal();
        if (isDoomed()) {
            return;
        }
        cluster.replicas.forEach(this::restart);
        long healedMs = cluster.nowMs();
        long joinedMs = healedMs + JOINING_MS;
        long agreedMs = healedMs + RECOVERY_MS;
        int markedEpoch = -1;
        for (long untilMs = healedMs + 250; !agree(markedEpoch); untilMs += 250) {
            while (cluster.advance(untilMs)) {
                // everything happens in there
            }
            Optional<SimulatedReplica> leader = cluster.leader();
            if (leader.isPresent() && leader.get().quorum().role().epoch() > markedEpoch) {
                markedEpoch = leader.get().quorum().role().epoch();
                cluster.append(leader.get(), nextValue++);
            }
            if (untilMs >= agreedMs) {
                QuorumInvariants.check(isBeyondHelp(), () -> "no agreement in time: " + cluster.describe());
                return;
            }
        }
        for (long untilMs = cluster.nowMs() + 250; !haveJoined(); untilMs += 250) {
            while (cluster.advance(untilMs)) {
                // everything happens in there
            }
            long nowMs = untilMs;
            QuorumInvariants.check(
                    nowMs < joinedMs,
                    () -> "who joins by itself has not, or a voter is not where the log says: " + cluster.describe());
        }
    }

    /** One leader, whom all know, and one log, all of which is committed. */
    private boolean agree(int epoch) {
        Optional<SimulatedReplica> leader = cluster.leader();
        if (leader.isEmpty() || leader.get().quorum().role().epoch() != epoch || cluster.owesAnswers()) {
            return false;
        }
        // What each commits was compared with what the others did: only the ends are left to look at.
        int committed = cluster.invariants.committed().size();
        for (SimulatedReplica replica : cluster.replicas) {
            boolean agrees = replica.quorum().leadership().epoch() == epoch
                    && replica.quorum().leadership().leaderId().orElse(-1) == leader.get().id
                    && replica.quorum().highWatermark() == committed
                    && replica.log.size() == committed;
            if (!agrees) {
                return false;
            }
        }
        return true;
    }

    private static boolean isInPlace(SimulatedReplica replica, VoterSet voters) {
        return voters.contains(replica.key())
                ? voters.find(replica.id).orElseThrow().endpoints().equals(replica.endpoints())
                : !replica.joins();
    }

    /** Who is to join by itself has, and every voter listens where the log says. */
    private boolean haveJoined() {
        Optional<SimulatedReplica> leader = cluster.leader();
        if (leader.isEmpty()) {
            return false;
        }
        VoterHistory voters = leader.get().quorum().voters();
        return voters.kRaftVersion() == 0
                || cluster.replicas.stream().allMatch(replica -> isInPlace(replica, voters.latest()));
    }
}
