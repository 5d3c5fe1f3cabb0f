package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.replication.quorum.Effect.Outgoing;
import ottla.replication.quorum.SimulatedReplica.Entry;

/**
 * Replicas of one quorum on one thread, each with its own clock, with a network that may delay, lose, repeat, reorder and cut, and
 * {@link QuorumInvariants} checked after every effect.
 */
final class SimulatedCluster implements SimulatedReplica.Surroundings {
    static final String LISTENER = "CONTROLLER";

    private static final String BY_NAME = "bootstrap";

    /** More than this at one moment is a loop that time does not get out of. */
    private static final int EVENTS_AT_ONCE_MAX = 5_000;

    final List<SimulatedReplica> replicas = new ArrayList<>();
    final QuorumInvariants invariants = new QuorumInvariants();
    private final RandomGenerator random;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::atMs).thenComparingLong(Event::order));
    private final Map<Long, Asked> asked = new HashMap<>();
    private final Set<Integer> isolated = new HashSet<>();
    private final Set<Link> cut = new HashSet<>();
    private Set<Integer> side = Set.of();
    private Faults faults = Faults.NONE;
    private Witness witness = (_, _) -> {};
    private int fetchedMax = 20;
    private long nowMs;
    private long nextOrder;
    private long nextRequest = 1;
    private int eventsAtOnce;

    /** Sees everything that happens, while it happens: it may change the network, but must not step a replica before {@link #later}. */
    @FunctionalInterface
    interface Witness {
        void happened(SimulatedReplica at, Effect effect);
    }

    /** How the network behaves; chances in one of a hundred. */
    record Faults(int lossPercent, int repeatPercent, int maxDelayMs) {
        static final Faults NONE = new Faults(0, 0, 1);
    }

    private record Event(long atMs, long order, Runnable action) {}

    private record Link(int from, int to) {}

    /** Who asked a replica, and what: another one, or an operator, who has no {@code by} and no {@code message}. */
    private record Asked(
            Optional<SimulatedReplica> by, SimulatedReplica whom, int process, long send, Optional<Outgoing> message) {}

    /** Where the voters are kept. */
    enum Voting {
        CONFIGURED,
        IN_THE_LOG
    }

    SimulatedCluster(int voterCount, int observerCount, Voting voting, RandomGenerator random) {
        this.random = random;
        List<Voter> voters = new ArrayList<>();
        List<Endpoint> bootstrap = new ArrayList<>();
        for (int id = 1; id <= voterCount; id++) {
            ReplicaKey key = ReplicaKey.ofUnknownDirectory(id);
            if (voting == Voting.IN_THE_LOG) {
                key = new ReplicaKey(id, new Uuid(7, id));
            }
            voters.add(new Voter(key, SimulatedReplica.endpoints(id), 0, voting == Voting.IN_THE_LOG ? 1 : 0));
        }
        for (int id = 1; id <= voterCount + observerCount; id++) {
            bootstrap.add(new Endpoint(BY_NAME, id));
        }
        VoterSet set = VoterSet.of(voters);
        for (int id = 1; id <= voterCount + observerCount; id++) {
            Endpoint own = new Endpoint(BY_NAME, id);
            boolean isFormatted = voting == Voting.IN_THE_LOG && id <= voterCount;
            replicas.add(new SimulatedReplica(
                    id,
                    voting == Voting.IN_THE_LOG ? VoterSet.EMPTY : set,
                    isFormatted ? Optional.of(set) : Optional.empty(),
                    bootstrap.stream().filter(other -> !other.equals(own)).toList(),
                    random.nextInt(3) == 0 ? QuorumMembership.Joining.BY_ITSELF : QuorumMembership.Joining.BY_REQUEST,
                    random,
                    this));
        }
        for (SimulatedReplica replica : replicas) {
            invariants.watch(replica);
            replica.step(nowMs, new Input.Tick());
        }
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

    /** Nothing gets from one to the other any more; the way back is open. */
    void cut(int from, int to) {
        cut.add(new Link(from, to));
    }

    /** Nothing gets from these to the others any more, nor back; nothing else is split. */
    void split(Set<Integer> ids) {
        side = Set.copyOf(ids);
    }

    /** A fetch brings at most so many records, or one batch. */
    void fetchAtMost(int recordCount) {
        fetchedMax = recordCount;
    }

    void watch(Witness next) {
        witness = next;
    }

    void heal() {
        isolated.clear();
        cut.clear();
        side = Set.of();
        faults = Faults.NONE;
    }

    Optional<SimulatedReplica> leader() {
        return replicas.stream()
                .filter(SimulatedReplica::leads)
                .max(Comparator.comparingInt(replica -> replica.quorum().role().epoch()));
    }

    /** Lets the next thing happen, be it a message, a timer or a flush, but nothing after {@code untilMs}. */
    boolean advance(long untilMs) {
        long timerMs = Long.MAX_VALUE;
        SimulatedReplica timed = replicas.getFirst();
        for (SimulatedReplica replica : replicas) {
            if (replica.isUp() && replica.wakeMs() < timerMs) {
                timed = replica;
                timerMs = replica.wakeMs();
            }
        }
        Event event = events.peek();
        boolean isEvent = event != null && event.atMs() <= timerMs;
        long nextMs = isEvent ? event.atMs() : timerMs;
        if (nextMs > untilMs) {
            nowMs = untilMs;
            return false;
        }
        eventsAtOnce = nextMs > nowMs ? 0 : eventsAtOnce + 1;
        QuorumInvariants.check(eventsAtOnce < EVENTS_AT_ONCE_MAX, () -> "time goes on");
        nowMs = Math.max(nowMs, nextMs);
        if (isEvent) {
            events.remove();
            event.action().run();
        } else {
            step(timed, new Input.Tick());
        }
        return true;
    }

    private void step(SimulatedReplica replica, Input input) {
        replica.step(nowMs, input);
        flushSoon(replica);
    }

    void append(SimulatedReplica leader, long value) {
        leader.append(nowMs, value);
        flushSoon(leader);
    }

    /** Disks finish their flushes at their own pace. */
    private void flushSoon(SimulatedReplica replica) {
        if (replica.beginsFlush()) {
            after(1 + random.nextInt(3), () -> replica.flush(nowMs));
        }
    }

    private void after(long delayMs, Runnable action) {
        events.add(new Event(nowMs + delayMs, nextOrder++, action));
    }

    /** Something that a witness has in mind, as soon as what happens now has happened. */
    void later(Runnable action) {
        after(0, action);
    }

    @Override
    public void soon(Runnable action) {
        after(random.nextInt(4), action);
    }

    /** Brings something from one replica to another, or does not. */
    private void transport(int from, int to, Runnable arrival) {
        int copies = random.nextInt(100) < faults.repeatPercent() ? 2 : 1;
        for (int copy = 0; copy < copies; copy++) {
            boolean lost = random.nextInt(100) < faults.lossPercent();
            long delayMs = 1L + random.nextInt(faults.maxDelayMs());
            if (!lost) {
                after(delayMs, () -> {
                    if (reaches(from, to)) {
                        arrival.run();
                    }
                });
            }
        }
    }

    private boolean reaches(int from, int to) {
        return side.contains(from) == side.contains(to)
                && !isolated.contains(from)
                && !isolated.contains(to)
                && !cut.contains(new Link(from, to));
    }

    @Override
    public void send(SimulatedReplica from, Effect.Send send) {
        Endpoint endpoint = send.peer().endpoint();
        SimulatedReplica to = replicas.get((endpoint.port() - 1) % 100);
        ReplicaKey sender = from.key();
        int process = from.incarnation();
        transport(from.id, to.id, () -> {
            if (!to.isUp()) {
                transport(to.id, from.id, () -> refused(from, process, send.send()));
            } else if (send.message() instanceof Outgoing.AskVersions) {
                Input versions = new Input.VersionsAnswered(send.send(), ErrorCode.NONE, 0, 1);
                transport(to.id, from.id, () -> arrive(from, process, versions, 0, List.of()));
            } else {
                long request = nextRequest++;
                asked.put(request, new Asked(Optional.of(from), to, process, send.send(), Optional.of(send.message())));
                step(to, request(request, from, sender, send.message()));
            }
        });
    }

    /** Mostly the host is still there, and says that nobody listens. */
    private void refused(SimulatedReplica from, int process, long send) {
        Input failure = random.nextInt(4) == 0 ? new Input.SendFailed(send) : new Input.SendRefused(send);
        arrive(from, process, failure, 0, List.of());
    }

    private void arrive(SimulatedReplica at, int process, Input input, int fromOffset, List<Entry> entries) {
        if (at.isUp() && at.incarnation() == process) {
            at.answered(nowMs, input, fromOffset, entries);
            flushSoon(at);
        }
    }

    /** An operator asks a replica that runs; it has to answer once. */
    void operate(SimulatedReplica at, LongFunction<Input> question) {
        long request = nextRequest++;
        asked.put(request, new Asked(Optional.empty(), at, at.incarnation(), 0, Optional.empty()));
        step(at, question.apply(request));
    }

    /** Whether an operator still waits for a process that runs. */
    boolean owesAnswers() {
        return asked.values().stream()
                .anyMatch(waiting -> waiting.by().isEmpty()
                        && waiting.whom().isUp()
                        && waiting.whom().incarnation() == waiting.process());
    }

    private static Input request(long request, SimulatedReplica from, ReplicaKey sender, Outgoing message) {
        return switch (message) {
            case Outgoing.Vote vote ->
                new Input.VoteAsked(
                        request, sender, vote.epoch(), vote.log(), vote.asking(), Optional.of(vote.voter()));
            case Outgoing.AnnounceLeader announcement ->
                new Input.LeaderAnnounced(
                        request, from.id, announcement.epoch(), from.endpoints(), Optional.of(announcement.voter()));
            case Outgoing.AnnounceResignation resignation ->
                new Input.LeaderResigned(
                        request, from.id, resignation.epoch(), from.endpoints(), resignation.preferredSuccessors());
            case Outgoing.Fetch fetch ->
                new Input.FetchAsked(
                        request,
                        sender,
                        fetch.epoch(),
                        fetch.log().epoch(),
                        fetch.log().endOffset(),
                        fetch.highWatermark(),
                        fetch.maxWaitMs());
            case Outgoing.FetchSnapshot fetch -> new Input.SnapshotAsked(request, sender, fetch.epoch(), fetch.id());
            case Outgoing.UpdateVoter update -> new Input.VoterUpdateAsked(request, update.epoch(), update.self());
            case Outgoing.AddVoter add ->
                new Input.VoterAddAsked(
                        request, add.self().key(), add.self().endpoints(), Input.Acknowledge.WHEN_APPENDED);
            case Outgoing.RemoveVoter remove -> new Input.VoterRemoveAsked(request, remove.voter());
            case Outgoing.AskVersions ignored -> throw new AssertionError("answered by the network");
        };
    }

    @Override
    public void answer(SimulatedReplica from, long request, Effect answer) {
        Asked asker = asked.remove(request);
        if (asker == null) {
            throw new AssertionError("answered twice: " + answer);
        }
        if (asker.by().isEmpty()) {
            return;
        }
        SimulatedReplica by = asker.by().get();
        List<Entry> entries = new ArrayList<>();
        Input input = toInput(asker, answer, from, entries);
        int fromOffset =
                answer instanceof Effect.AnswerFetch fetch && fetch.reply() instanceof Effect.Reply.Records records
                        ? (int) records.fromOffset()
                        : 0;
        transport(from.id, by.id, () -> arrive(by, asker.process(), input, fromOffset, entries));
    }

    private Input toInput(Asked asker, Effect answer, SimulatedReplica from, List<Entry> entries) {
        long send = asker.send();
        return switch (answer) {
            case Effect.AnswerVote vote -> new Input.VoteAnswered(send, vote.error(), vote.leadership(), vote.vote());
            case Effect.AnswerAnnouncement told -> new Input.ResignationAnswered(send, told.error(), told.leadership());
            case Effect.AnswerVoterUpdate told -> new Input.VoterUpdateAnswered(send, told.error(), told.leadership());
            case Effect.AnswerVoterChange told -> new Input.JoinAnswered(send, told.error());
            case Effect.AnswerFetch fetch -> {
                Input.Fetched fetched = switch (fetch.reply()) {
                    case Effect.Reply.Records records -> {
                        checkTold(asker, records.highWatermark(), from);
                        entries.addAll(some(from, (int) records.fromOffset()));
                        yield new Input.Fetched.Records(entries.size(), records.highWatermark());
                    }
                    case Effect.Reply.Diverging diverging -> new Input.Fetched.Diverging(diverging.end());
                    case Effect.Reply.Snapshot snapshot -> new Input.Fetched.Snapshot(snapshot.id());
                    case Effect.Reply.Nothing ignored -> new Input.Fetched.Records(0, -1);
                };
                yield new Input.FetchAnswered(send, fetch.error(), fetch.leadership(), fetched);
            }
            case Effect.AnswerSnapshot snapshot -> {
                int total = (int) snapshot.id().endOffset();
                int first = (int) Math.min(position(asker), total);
                int end = Math.min(total, first + 1 + random.nextInt(10));
                if (snapshot.error() == ErrorCode.NONE) {
                    QuorumInvariants.check(
                            from.snapshots.contains(snapshot.id()), () -> "no snapshot " + snapshot.id());
                    entries.addAll(from.log.subList(first, end));
                }
                yield new Input.SnapshotAnswered(
                        send, snapshot.error(), snapshot.leadership(), snapshot.id(), first, entries.size(), total);
            }
            default -> throw new AssertionError("not an answer: " + answer);
        };
    }

    private static long position(Asked asker) {
        return asker.message().orElseThrow() instanceof Outgoing.FetchSnapshot fetch ? fetch.position() : 0;
    }

    /** A leader tells of no high watermark, or of none below that of who asks: a replica of Kafka's ends if it does. */
    private static void checkTold(Asked asker, long highWatermark, SimulatedReplica from) {
        QuorumInvariants.check(
                highWatermark < 0
                        || !(asker.message().orElseThrow() instanceof Outgoing.Fetch fetch)
                        || highWatermark >= fetch.highWatermark(),
                () -> "leader " + from.id + " tells that the high watermark goes back to " + highWatermark);
    }

    /** As many whole batches as a fetch happens to bring. */
    private List<Entry> some(SimulatedReplica from, int first) {
        QuorumInvariants.check(
                first >= from.startOffset(),
                () -> "leader " + from.id + " sends records from " + first + " that it has deleted");
        int end = Math.min(from.log.size(), first + 1 + random.nextInt(fetchedMax));
        while (end < from.log.size() && from.log.get(end).inBatch() > 0) {
            end++;
        }
        return List.copyOf(from.log.subList(first, end));
    }

    @Override
    public void happened(SimulatedReplica at, Effect effect) {
        invariants.happened(at, effect);
        witness.happened(at, effect);
    }

    @Override
    public void settled(SimulatedReplica at) {
        invariants.settled(at);
    }

    @Override
    public void writes(SimulatedReplica at, Effect.AppendControl append) {
        for (ControlRecord control : append.controls()) {
            if (control instanceof ControlRecord.Voters voters) {
                invariants.voting(at, voters.voters());
            }
        }
        step(at, at.write(append));
    }

    /** Its connections break: who waits for an answer learns that none will come. */
    void crash(SimulatedReplica replica) {
        List<Asked> waiting = asked.values().stream()
                .filter(each -> each.whom() == replica && each.by().isPresent())
                .toList();
        asked.values().removeAll(waiting);
        replica.crash();
        invariants.crashed(replica);
        for (Asked each : waiting) {
            SimulatedReplica by = each.by().orElseThrow();
            transport(
                    replica.id,
                    by.id,
                    () -> arrive(by, each.process(), new Input.SendFailed(each.send()), 0, List.of()));
        }
    }

    void loseDisk(SimulatedReplica replica) {
        invariants.losesDisk(replica);
        replica.loseDisk();
        invariants.watch(replica);
    }

    void restart(SimulatedReplica replica) {
        replica.restart(nowMs);
        flushSoon(replica);
    }

    /** Where everybody stands, for people. */
    String describe() {
        StringBuilder text = new StringBuilder();
        for (SimulatedReplica replica : replicas) {
            Quorum quorum = replica.quorum();
            text.append("\n  %s %s, log %s, flushed %d, committed %d, voters %s"
                    .formatted(
                            replica.key(),
                            quorum.role(),
                            quorum.logEnd(),
                            replica.flushedEnd(),
                            quorum.highWatermark(),
                            quorum.voters().latest().voters().stream()
                                    .map(Voter::key)
                                    .toList()));
        }
        return text.toString();
    }
}
