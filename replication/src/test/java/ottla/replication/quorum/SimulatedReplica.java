package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import ottla.base.Uuid;

/**
 * A replica in memory: the machine, its log, its snapshots, the election it saved, and a disk that may lose what was not flushed. It
 * carries out the effects that concern itself and hands the others to the simulated cluster. Owned by one thread.
 *
 * <p>What a snapshot stands for remains in {@link #log}, but is never read from there.
 */
final class SimulatedReplica {
    /** One record; {@code value} tells it from every other record of a run. Batches are as long as {@code inBatch} grows. */
    record Entry(int epoch, long value, Optional<ControlRecord> control, int inBatch) {}

    /** Where the effects go that others see. */
    interface Surroundings {
        void send(SimulatedReplica from, Effect.Send send);

        void answer(SimulatedReplica from, long request, Effect answer);

        void happened(SimulatedReplica at, Effect effect);

        /** An input and all that follows from it is done. */
        void settled(SimulatedReplica at);

        /** The leader is about to write these behind its log, and then does. */
        void writes(SimulatedReplica at, Effect.AppendControl append);

        void soon(Runnable action);
    }

    final int id;
    final List<Entry> log = new ArrayList<>();
    final TreeSet<SnapshotId> snapshots = new TreeSet<>();
    private final List<Endpoint> bootstrap;
    private final VoterSet configured;
    private final SimulatedClock clock;
    private final QuorumMembership.Joining joining;
    private final RandomGenerator random;
    private final Surroundings surroundings;
    private Optional<VoterSet> formatted;
    private ReplicaKey key;
    private int port;
    private int flushedEnd;
    private int startOffset;
    private Election saved = Election.NONE;
    private Quorum quorum;
    private int incarnation;
    private long wakeMs;
    private boolean up = true;
    private boolean leads;
    private boolean begun;
    private boolean flushing;
    private List<Entry> arrived = List.of();
    private int arrivedAt;
    private List<Entry> incoming = List.of();

    /**
     * @param configured {@code controller.quorum.voters}
     * @param formatted the first voters of a dynamic quorum, on those who are among them
     */
    SimulatedReplica(
            int id,
            VoterSet configured,
            Optional<VoterSet> formatted,
            List<Endpoint> bootstrap,
            QuorumMembership.Joining joining,
            RandomGenerator random,
            Surroundings surroundings) {
        this.id = id;
        this.key = new ReplicaKey(id, new Uuid(7, id));
        this.port = id;
        this.configured = configured;
        this.formatted = formatted;
        this.bootstrap = bootstrap;
        this.joining = joining;
        this.random = random;
        this.surroundings = surroundings;
        this.clock = new SimulatedClock(random.nextInt(1_000_000), 15 + random.nextInt(3));
        if (formatted.isPresent()) {
            snapshots.add(SnapshotId.BOOTSTRAP);
        }
        this.quorum = machine(0);
    }

    static Map<String, Endpoint> endpoints(int port) {
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        endpoints.put(SimulatedCluster.LISTENER, new Endpoint("node", port));
        return endpoints;
    }

    private Quorum machine(long nowMs) {
        List<EpochStart> epochs = new ArrayList<>();
        for (int offset = startOffset; offset < log.size(); offset++) {
            int epoch = log.get(offset).epoch();
            if (offset == startOffset || epoch != log.get(offset - 1).epoch()) {
                epochs.add(new EpochStart(epoch, offset));
            }
        }
        LogFacts facts = new LogFacts(startOffset, log.size(), epochs, List.copyOf(snapshots));
        QuorumMembership membership =
                new QuorumMembership(key, endpoints(port), SimulatedCluster.LISTENER, bootstrap, joining);
        return new Quorum(membership, Timeouts.DEFAULT, random, saved, facts, history(), clock.at(nowMs));
    }

    private VoterHistory history() {
        VoterHistory voters = new VoterHistory(configured);
        int from = 0;
        if (!snapshots.isEmpty()) {
            from = (int) snapshots.last().endOffset();
            for (ControlRecord control : membershipAt(from)) {
                voters.record(control, from - 1L);
            }
        }
        for (int offset = from; offset < log.size(); offset++) {
            long at = offset;
            log.get(offset).control().ifPresent(control -> voters.record(control, at));
        }
        return voters;
    }

    /** Version and voters in force where the log ends at {@code endOffset}, as a snapshot holds them. */
    private List<ControlRecord> membershipAt(int endOffset) {
        Optional<ControlRecord> version = formatted.map(set -> new ControlRecord.KRaftVersion(1));
        Optional<ControlRecord> voters = formatted.map(ControlRecord.Voters::new);
        for (Entry entry : log.subList(0, endOffset)) {
            Optional<ControlRecord> control = entry.control();
            if (control.isPresent() && control.get() instanceof ControlRecord.KRaftVersion) {
                version = control;
            } else if (control.isPresent() && control.get() instanceof ControlRecord.Voters) {
                voters = control;
            }
        }
        List<ControlRecord> membership = new ArrayList<>();
        version.ifPresent(membership::add);
        voters.ifPresent(membership::add);
        return membership;
    }

    ReplicaKey key() {
        return key;
    }

    Map<String, Endpoint> endpoints() {
        return endpoints(port);
    }

    boolean joins() {
        return joining == QuorumMembership.Joining.BY_ITSELF;
    }

    boolean isUp() {
        return up;
    }

    boolean leads() {
        return up && leads;
    }

    Quorum quorum() {
        return quorum;
    }

    Election saved() {
        return saved;
    }

    int flushedEnd() {
        return flushedEnd;
    }

    int startOffset() {
        return startOffset;
    }

    /** Which process this is: answers to one before it have no receiver. */
    int incarnation() {
        return incarnation;
    }

    /** When something happens here by itself, in true time. */
    long wakeMs() {
        return wakeMs;
    }

    /** The process dies, and with it a part of what was not flushed. */
    void crash() {
        up = false;
        leads = false;
        incarnation++;
        int unflushed = log.size() - flushedEnd;
        int kept = flushedEnd + (unflushed == 0 ? 0 : random.nextInt(unflushed + 1));
        while (kept > flushedEnd && kept < log.size() && log.get(kept).inBatch() > 0) {
            kept--;
        }
        cut(kept);
        flushedEnd = log.size();
        incoming = List.of();
    }

    /** The disk is gone; an empty one takes its place, formatted without voters. */
    void loseDisk() {
        key = new ReplicaKey(id, new Uuid(key.directoryId().mostSignificantBits() + 1, id));
        log.clear();
        snapshots.clear();
        formatted = Optional.empty();
        saved = Election.NONE;
        flushedEnd = 0;
        startOffset = 0;
    }

    /** From the next start on it says that it listens elsewhere. Where it listened before still leads to it. */
    void move() {
        port += 100;
    }

    void restart(long nowMs) {
        up = true;
        begun = false;
        quorum = machine(nowMs);
        step(nowMs, new Input.Tick());
    }

    /** Writes a record as the leader, without flushing it. */
    void append(long nowMs, long value) {
        int epoch = quorum.role().epoch();
        log.add(new Entry(epoch, value, Optional.empty(), 0));
        step(nowMs, new Input.Appended(epoch, log.size(), Map.of()));
    }

    /** The controller writes a snapshot of all that is committed, if that is new and ends with a batch. */
    void createSnapshot(long nowMs) {
        int end = (int) quorum.highWatermark();
        boolean endsBatch = end > 0 && (end == log.size() || log.get(end).inBatch() == 0);
        if (endsBatch && (snapshots.isEmpty() || end > snapshots.last().endOffset())) {
            SnapshotId created = new SnapshotId(end, log.get(end - 1).epoch());
            snapshots.add(created);
            step(nowMs, new Input.SnapshotCreated(created));
        }
    }

    /** Keeps the newest snapshot only, and the log behind it. */
    void clean(long nowMs) {
        if (snapshots.size() > 1) {
            SnapshotId oldest = snapshots.last();
            snapshots.headSet(oldest).clear();
            OptionalLong moved = OptionalLong.empty();
            if (oldest.endOffset() > startOffset) {
                startOffset = (int) oldest.endOffset();
                moved = OptionalLong.of(startOffset);
            }
            step(nowMs, new Input.Cleaned(oldest, moved));
        }
    }

    void flush(long nowMs) {
        flushing = false;
        if (up && flushedEnd < log.size()) {
            flushedEnd = log.size();
            step(nowMs, new Input.Flushed(flushedEnd));
        }
    }

    /** Whether the disk has something to do and nobody told it yet. */
    boolean beginsFlush() {
        boolean begins = up && !flushing && flushedEnd < log.size();
        flushing |= begins;
        return begins;
    }

    /** An answer, with the records that came along: those of a log begin at {@code fromOffset}. */
    void answered(long nowMs, Input answer, int fromOffset, List<Entry> entries) {
        arrived = entries;
        arrivedAt = fromOffset;
        step(nowMs, answer);
        arrived = List.of();
    }

    void step(long nowMs, Input input) {
        List<Input> follow = new ArrayList<>();
        for (Effect effect : quorum.step(clock.at(nowMs), input)) {
            perform(effect, follow);
            surroundings.happened(this, effect);
        }
        for (Input next : follow) {
            step(nowMs, next);
        }
        wakeMs = clock.trueMs(quorum.nextDeadlineMs());
        surroundings.settled(this);
    }

    private void perform(Effect effect, List<Input> follow) {
        switch (effect) {
            case Effect.SaveElection save -> saved = save.election();
            case Effect.Send send -> surroundings.send(this, send);
            case Effect.AnswerVote answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.AnswerAnnouncement answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.AnswerFetch answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.AnswerSnapshot answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.AnswerVoterChange answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.AnswerVoterUpdate answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.AnswerKRaftVersion answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.BecomeLeader ignored -> {
                leads = true;
                begun = false;
            }
            case Effect.LoseLeadership ignored -> leads = false;
            case Effect.AppendControl append -> appendControl(append, follow);
            case Effect.AppendFetched ignored -> appendFetched(follow);
            case Effect.Truncate truncate -> cut((int) truncate.endOffset());
            case Effect.WriteSnapshot write -> {
                List<Entry> whole = new ArrayList<>(incoming.subList(0, (int) write.position()));
                whole.addAll(arrived);
                incoming = whole;
            }
            case Effect.InstallSnapshot install -> follow.add(install(install.id()));
            default -> {}
        }
    }

    /** The first of an epoch stand at its start; later ones come behind what the controller appends meanwhile. */
    private void appendControl(Effect.AppendControl append, List<Input> follow) {
        if (!begun) {
            begun = true;
            follow.add(write(append));
            return;
        }
        int process = incarnation;
        surroundings.soon(() -> {
            if (process == incarnation && leads() && quorum.role().epoch() == append.epoch()) {
                surroundings.writes(this, append);
            }
        });
    }

    /** Writes control records as one batch. */
    Input.Appended write(Effect.AppendControl append) {
        Map<Long, ControlRecord> controls = new HashMap<>();
        for (int index = 0; index < append.controls().size(); index++) {
            ControlRecord control = append.controls().get(index);
            controls.put((long) log.size(), control);
            log.add(new Entry(append.epoch(), -append.epoch(), Optional.of(control), index));
        }
        return new Input.Appended(append.epoch(), log.size(), controls);
    }

    private void appendFetched(List<Input> follow) {
        if (arrivedAt != log.size() || arrived.isEmpty()) {
            follow.add(new Input.Flushed(flushedEnd));
            return;
        }
        Map<Long, ControlRecord> controls = new HashMap<>();
        for (int index = 0; index < arrived.size(); index++) {
            Entry entry = arrived.get(index);
            entry.control().ifPresent(control -> controls.put((long) log.size(), control));
            log.add(entry);
            boolean ends = index + 1 == arrived.size() || arrived.get(index + 1).inBatch() == 0;
            if (ends) {
                follow.add(new Input.Appended(entry.epoch(), log.size(), controls));
                controls.clear();
            }
        }
    }

    private Input install(SnapshotId id) {
        log.clear();
        log.addAll(incoming);
        incoming = List.of();
        if (log.size() != id.endOffset()) {
            throw new AssertionError("a snapshot of " + log.size() + " records is installed as " + id);
        }
        startOffset = log.size();
        flushedEnd = log.size();
        snapshots.headSet(id).clear();
        snapshots.add(id);
        return new Input.SnapshotInstalled(id, membershipAt(log.size()));
    }

    private void cut(int endOffset) {
        while (log.size() > endOffset) {
            log.removeLast();
        }
        flushedEnd = Math.min(flushedEnd, log.size());
    }
}
