package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.random.RandomGenerator;
import ottla.base.Uuid;
import ottla.replication.quorum.SimulatedReplica.Entry;

/**
 * Replicas of one quorum on one thread, with a network that may delay, lose, repeat and cut, and the invariants of Raft checked
 * after every effect: one leader in an epoch, what is committed never changes and never goes back, a leader has all that is
 * committed.
 */
final class SimulatedCluster implements SimulatedReplica.Surroundings {
    static final String LISTENER = "CONTROLLER";

    final List<SimulatedReplica> replicas = new ArrayList<>();
    private final RandomGenerator random;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::atMs).thenComparingLong(Event::order));
    private final Map<Long, Asked> asked = new HashMap<>();
    private final Map<Integer, Integer> leaderOfEpoch = new HashMap<>();
    private final Map<SimulatedReplica, Long> highWatermarks = new HashMap<>();
    private final List<Entry> committed = new ArrayList<>();
    private final Set<Integer> isolated = new HashSet<>();
    private final Set<SimulatedReplica> flushing = new HashSet<>();
    private Faults faults = Faults.NONE;
    private long nowMs;
    private long nextOrder;
    private long nextRequest = 1;

    /** How the network behaves; chances in one of a hundred. */
    record Faults(int lossPercent, int repeatPercent, int maxDelayMs) {
        static final Faults NONE = new Faults(0, 0, 1);
    }

    private record Event(long atMs, long order, Runnable action) {}

    private record Asked(SimulatedReplica by, long send) {}

    SimulatedCluster(int voterCount, int observerCount, RandomGenerator random) {
        this.random = random;
        List<Voter> voters = new ArrayList<>();
        List<Endpoint> bootstrap = new ArrayList<>();
        for (int id = 1; id <= voterCount; id++) {
            voters.add(new Voter(ReplicaKey.ofUnknownDirectory(id), endpoints(id), 0, 1));
            bootstrap.add(new Endpoint("node", id));
        }
        VoterSet set = VoterSet.of(voters);
        for (int id = 1; id <= voterCount + observerCount; id++) {
            Endpoint own = new Endpoint("node", id);
            QuorumMembership membership = new QuorumMembership(
                    new ReplicaKey(id, new Uuid(7, id)),
                    endpoints(id),
                    LISTENER,
                    bootstrap.stream().filter(other -> !other.equals(own)).toList());
            replicas.add(new SimulatedReplica(membership, set, Timeouts.DEFAULT, random, this));
        }
        for (SimulatedReplica replica : replicas) {
            replica.step(nowMs, new Input.Tick());
        }
    }

    private static Map<String, Endpoint> endpoints(int id) {
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        endpoints.put(LISTENER, new Endpoint("node", id));
        return endpoints;
    }

    long nowMs() {
        return nowMs;
    }

    void behave(Faults next) {
        faults = next;
    }

    void isolate(int id) {
        isolated.add(id);
    }

    void heal() {
        isolated.clear();
        faults = Faults.NONE;
    }

    Optional<SimulatedReplica> leader() {
        return replicas.stream()
                .filter(SimulatedReplica::leads)
                .max(Comparator.comparingInt(replica -> replica.quorum().role().epoch()));
    }

    long committedCount() {
        return committed.size();
    }

    List<Entry> committed() {
        return committed;
    }

    /** Lets the next thing happen, be it a message, a timer or a flush, but nothing after {@code untilMs}. */
    boolean advance(long untilMs) {
        flushSome();
        long timerMs = Long.MAX_VALUE;
        SimulatedReplica timed = replicas.getFirst();
        for (SimulatedReplica replica : replicas) {
            if (replica.isUp() && replica.quorum().nextDeadlineMs() < timerMs) {
                timed = replica;
                timerMs = replica.quorum().nextDeadlineMs();
            }
        }
        Event event = events.peek();
        if (event != null && event.atMs() <= timerMs && event.atMs() <= untilMs) {
            events.remove();
            nowMs = Math.max(nowMs, event.atMs());
            event.action().run();
        } else if (timerMs <= untilMs) {
            nowMs = Math.max(nowMs, timerMs);
            timed.step(nowMs, new Input.Tick());
        } else {
            nowMs = untilMs;
            return false;
        }
        return true;
    }

    void runUntil(long untilMs) {
        while (advance(untilMs)) {
            // everything happens in there
        }
    }

    /** Disks finish their flushes at their own pace. */
    private void flushSome() {
        for (SimulatedReplica replica : replicas) {
            if (replica.isUp() && replica.hasUnflushed() && flushing.add(replica)) {
                after(1 + random.nextInt(3), () -> {
                    flushing.remove(replica);
                    if (replica.isUp() && replica.hasUnflushed()) {
                        replica.flush(nowMs);
                    }
                });
            }
        }
    }

    private void after(long delayMs, Runnable action) {
        events.add(new Event(nowMs + delayMs, nextOrder++, action));
    }

    /** Brings something from one replica to another, or does not. */
    private void transport(SimulatedReplica from, SimulatedReplica to, Runnable arrival) {
        int copies = random.nextInt(100) < faults.repeatPercent() ? 2 : 1;
        for (int copy = 0; copy < copies; copy++) {
            boolean lost = random.nextInt(100) < faults.lossPercent();
            long delayMs = 1L + random.nextInt(faults.maxDelayMs());
            after(delayMs, () -> {
                if (!lost && to.isUp() && !isolated.contains(from.id) && !isolated.contains(to.id)) {
                    arrival.run();
                }
            });
        }
    }

    @Override
    public void send(SimulatedReplica from, Effect.Send send) {
        SimulatedReplica to = replicas.get(send.peer().endpoint().port() - 1);
        transport(from, to, () -> {
            long request = nextRequest++;
            asked.put(request, new Asked(from, send.send()));
            to.step(nowMs, request(request, from, send.message()));
        });
    }

    private static Input request(long request, SimulatedReplica from, Effect.Outgoing message) {
        ReplicaKey sender = new ReplicaKey(from.id, new Uuid(7, from.id));
        return switch (message) {
            case Effect.Outgoing.Vote vote ->
                new Input.VoteAsked(
                        request, sender, vote.epoch(), vote.log(), vote.asking(), Optional.of(vote.voter()));
            case Effect.Outgoing.AnnounceLeader announcement ->
                new Input.LeaderAnnounced(
                        request, from.id, announcement.epoch(), endpoints(from.id), Optional.of(announcement.voter()));
            case Effect.Outgoing.AnnounceResignation resignation ->
                new Input.LeaderResigned(
                        request, from.id, resignation.epoch(), endpoints(from.id), resignation.preferredSuccessors());
            case Effect.Outgoing.Fetch fetch ->
                new Input.FetchAsked(
                        request,
                        sender,
                        fetch.epoch(),
                        fetch.log().epoch(),
                        fetch.log().endOffset(),
                        fetch.highWatermark(),
                        fetch.maxWaitMs());
            case Effect.Outgoing.FetchSnapshot fetch ->
                new Input.SnapshotAsked(request, sender, fetch.epoch(), fetch.id());
        };
    }

    @Override
    public void answer(SimulatedReplica from, long request, Effect answer) {
        Asked by = asked.remove(request);
        if (by == null) {
            throw new AssertionError("answered twice: " + answer);
        }
        List<Entry> entries = new ArrayList<>();
        Input input = toInput(by.send(), answer, from, entries);
        transport(from, by.by(), () -> by.by().fetched(nowMs, input, entries));
    }

    private static Input toInput(long send, Effect answer, SimulatedReplica from, List<Entry> entries) {
        return switch (answer) {
            case Effect.AnswerVote vote -> new Input.VoteAnswered(send, vote.error(), vote.leadership(), vote.vote());
            case Effect.AnswerAnnouncement told -> new Input.ResignationAnswered(send, told.error(), told.leadership());
            case Effect.AnswerFetch fetch -> {
                Input.Fetched fetched = switch (fetch.reply()) {
                    case Effect.Reply.Records records -> {
                        entries.addAll(from.log.subList((int) records.fromOffset(), from.log.size()));
                        yield new Input.Fetched.Records(entries.size(), records.highWatermark());
                    }
                    case Effect.Reply.Diverging diverging -> new Input.Fetched.Diverging(diverging.end());
                    case Effect.Reply.Snapshot snapshot -> new Input.Fetched.Snapshot(snapshot.id());
                    case Effect.Reply.Nothing ignored -> new Input.Fetched.Records(0, -1);
                };
                yield new Input.FetchAnswered(send, fetch.error(), fetch.leadership(), fetched);
            }
            default -> throw new AssertionError("not an answer: " + answer);
        };
    }

    @Override
    public void happened(SimulatedReplica at, Effect effect) {
        if (effect instanceof Effect.BecomeLeader leader) {
            Integer other = leaderOfEpoch.put(leader.epoch(), at.id);
            check(other == null, "epoch " + leader.epoch() + " has the leaders " + other + " and " + at.id);
            check(
                    at.log.size() >= committed.size()
                            && at.log.subList(0, committed.size()).equals(committed),
                    "leader " + at.id + " lacks what is committed");
        }
        if (effect instanceof Effect.Commit commit) {
            long before = highWatermarks.getOrDefault(at, -1L);
            check(commit.highWatermark() > before, "the high watermark of " + at.id + " went back");
            highWatermarks.put(at, commit.highWatermark());
            check(commit.highWatermark() <= at.log.size(), "replica " + at.id + " lacks what it thinks committed");
            for (int offset = 0; offset < commit.highWatermark(); offset++) {
                Entry entry = at.log.get(offset);
                if (offset == committed.size()) {
                    committed.add(entry);
                }
                check(committed.get(offset).equals(entry), "two values were committed at offset " + offset);
            }
        }
        if (effect instanceof Effect.Truncate truncate) {
            check(
                    truncate.endOffset() >= highWatermarks.getOrDefault(at, -1L),
                    "replica " + at.id + " cuts off what is committed");
        }
    }

    void crash(SimulatedReplica replica) {
        replica.crash();
        highWatermarks.remove(replica);
    }

    void restart(SimulatedReplica replica) {
        replica.restart(nowMs);
    }

    List<Role> roles() {
        return replicas.stream().map(replica -> replica.quorum().role()).toList();
    }

    OptionalInt agreedLeader() {
        Set<OptionalInt> leaders = new HashSet<>();
        for (SimulatedReplica replica : replicas) {
            leaders.add(replica.quorum().leadership().leaderId());
        }
        return leaders.size() == 1 ? leaders.iterator().next() : OptionalInt.empty();
    }

    private void check(boolean holds, String rule) {
        if (!holds) {
            throw new AssertionError("at " + nowMs + " ms: " + rule);
        }
    }
}
