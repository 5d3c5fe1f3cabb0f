package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * Cuts the network in two at the moments at which that does most harm: a leader was just elected, has begun to change the voters, or
 * has committed something and told nobody yet. The leader and some others are on one side, the rest elect the next one on the other.
 * What takes three leaders in a certain order happens here, and by mere chance does not.
 *
 * <p>Whoever was just elected may also be told at once to write, or to change the voters before it has committed anything.
 */
final class QuorumAdversary implements SimulatedCluster.Witness {
    /** What it is out for. */
    enum Plot {
        /** That a record is committed which a later leader does not have. */
        RECORDS,
        /** That two leaders each change the voters, so that both have a majority. */
        VOTERS
    }

    private final SplittableRandom random;
    private final Plot plot;
    private final SimulatedCluster cluster;

    /** The one that led before, who is to come back: the one that a new leader is told to remove. */
    private Optional<SimulatedReplica> deposed = Optional.empty();

    private Optional<SimulatedReplica> leader = Optional.empty();
    private long nextValue;

    /** Whether the newest leader has yet to commit something. */
    private boolean first;

    /** @param firstValue the values from here on are the adversary's, so that no two records are alike */
    QuorumAdversary(SimulatedCluster cluster, Plot plot, long firstValue, SplittableRandom random) {
        this.cluster = cluster;
        this.plot = plot;
        this.nextValue = firstValue;
        this.random = random;
    }

    @Override
    public void happened(SimulatedReplica at, Effect effect) {
        switch (effect) {
            case Effect.BecomeLeader ignored -> elected(at);
            case Effect.AppendControl append -> {
                if (append.controls().getFirst() instanceof ControlRecord.Voters voters) {
                    changes(at, voters.voters());
                }
            }
            case Effect.Commit ignored -> {
                if (at.leads() && random.nextInt(first && plot == Plot.RECORDS ? 2 : 40) == 0) {
                    cutOff(at);
                }
                first &= !at.leads();
            }
            default -> {}
        }
    }

    private void elected(SimulatedReplica at) {
        first = true;
        if (leader.filter(before -> before == at).isEmpty()) {
            deposed = leader;
            leader = Optional.of(at);
        }
        // the first one is to get on with it
        if (random.nextInt(3) > 0 && (plot == Plot.RECORDS || deposed.isPresent())) {
            cutOff(at);
        }
        if (plot == Plot.VOTERS) {
            cluster.later(() -> changeVoters(at));
        }
        for (int count = random.nextInt(plot == Plot.RECORDS ? 6 : 2); count > 0; count--) {
            cluster.later(() -> append(at));
        }
    }

    private void append(SimulatedReplica at) {
        if (at.leads()) {
            cluster.append(at, nextValue++);
        }
    }

    /** Who adds a voter and the newcomer, who alone knows of it, are one side; who removes one goes on with those it has. */
    private void changes(SimulatedReplica at, VoterSet next) {
        Set<Integer> added = new HashSet<>(next.ids());
        added.removeAll(at.quorum().voters().latest().ids());
        if (!added.isEmpty() && random.nextInt(4) > 0) {
            added.add(at.id);
            cluster.split(added);
        }
    }

    /** One side has the leader and less than a half of all; or, now and then, more. */
    private void cutOff(SimulatedReplica at) {
        Set<Integer> side = new HashSet<>();
        side.add(at.id);
        List<Integer> others = cluster.replicas.stream()
                .map(replica -> replica.id)
                .filter(id -> !side.contains(id))
                .collect(Collectors.toCollection(ArrayList::new));
        int few = (cluster.replicas.size() - 1) / 2;
        int most = random.nextInt(6) == 0 ? others.size() : few;
        for (int count = random.nextInt(most + 1); count > 0; count--) {
            int index = random.nextInt(others.size());
            side.add(others.get(index));
            others.remove(/* index */ index);
        }
        cluster.split(side);
    }

    /** The leader is asked to add someone, or to remove who led before it. */
    void changeVoters(SimulatedReplica at) {
        if (!at.leads() || at.quorum().voters().kRaftVersion() == 0) {
            return;
        }
        VoterSet voters = at.quorum().voters().latest();
        Optional<Voter> leaver = deposed.flatMap(before -> voters.find(before.id));
        List<SimulatedReplica> strangers = cluster.replicas.stream()
                .filter(replica -> voters.find(replica.id).isEmpty())
                .toList();
        if (leaver.isPresent() && (strangers.isEmpty() || random.nextBoolean())) {
            cluster.operate(
                    at,
                    request -> new Input.VoterRemoveAsked(request, leaver.get().key()));
        } else if (!strangers.isEmpty()) {
            SimulatedReplica next = strangers.get(random.nextInt(strangers.size()));
            cluster.operate(
                    at,
                    request -> new Input.VoterAddAsked(
                            request, next.key(), next.endpoints(), Input.Acknowledge.WHEN_APPENDED));
        }
    }
}
