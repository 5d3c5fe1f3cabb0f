package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * A replica in memory: the machine, its log, the election it saved, and a disk that may lose what was not flushed. It carries out
 * the effects that concern itself and hands the others to the simulated cluster. Owned by one thread.
 */
final class SimulatedReplica {
    /** One record; {@code value} tells it from every other record of a run. */
    record Entry(int epoch, long value, List<ControlRecord> controls) {}

    /** Where the effects go that others see. */
    interface Surroundings {
        void send(SimulatedReplica from, Effect.Send send);

        void answer(SimulatedReplica from, long request, Effect answer);

        void happened(SimulatedReplica at, Effect effect);
    }

    final int id;
    final List<Entry> log = new ArrayList<>();
    private final QuorumMembership membership;
    private final VoterSet configured;
    private final Timeouts timeouts;
    private final RandomGenerator random;
    private final Surroundings surroundings;
    private int flushedEnd;
    private Election saved = Election.NONE;
    private Quorum quorum;
    private boolean up = true;
    private List<Entry> arrived = List.of();

    SimulatedReplica(
            QuorumMembership membership,
            VoterSet configured,
            Timeouts timeouts,
            RandomGenerator random,
            Surroundings surroundings) {
        this.id = membership.self().id();
        this.membership = membership;
        this.configured = configured;
        this.timeouts = timeouts;
        this.random = random;
        this.surroundings = surroundings;
        this.quorum = machine(0);
    }

    private Quorum machine(long nowMs) {
        List<EpochStart> epochs = new ArrayList<>();
        VoterHistory voters = new VoterHistory(configured);
        for (int offset = 0; offset < log.size(); offset++) {
            Entry entry = log.get(offset);
            if (offset == 0 || entry.epoch() != log.get(offset - 1).epoch()) {
                epochs.add(new EpochStart(entry.epoch(), offset));
            }
            for (ControlRecord control : entry.controls()) {
                voters.record(control, offset);
            }
        }
        LogFacts facts = new LogFacts(0, log.size(), epochs, List.of());
        return new Quorum(membership, timeouts, random, saved, facts, voters, nowMs);
    }

    boolean isUp() {
        return up;
    }

    boolean leads() {
        return up && quorum.role() instanceof Role.Leader;
    }

    Quorum quorum() {
        return quorum;
    }

    /** The process dies, and with it a part of what was not flushed. */
    void crash() {
        up = false;
        int unflushed = log.size() - flushedEnd;
        cut(flushedEnd + (unflushed == 0 ? 0 : random.nextInt(unflushed + 1)));
        flushedEnd = log.size();
    }

    void restart(long nowMs) {
        up = true;
        quorum = machine(nowMs);
        step(nowMs, new Input.Tick());
    }

    /** Writes a record as the leader, without flushing it. */
    void append(long nowMs, long value) {
        int epoch = quorum.role().epoch();
        log.add(new Entry(epoch, value, List.of()));
        step(nowMs, new Input.Appended(epoch, log.size(), Map.of()));
    }

    void flush(long nowMs) {
        flushedEnd = log.size();
        step(nowMs, new Input.Flushed(flushedEnd));
    }

    boolean hasUnflushed() {
        return flushedEnd < log.size();
    }

    /** An answer to a fetch, with the records that came along. */
    void fetched(long nowMs, Input answer, List<Entry> entries) {
        arrived = entries;
        step(nowMs, answer);
        arrived = List.of();
    }

    void step(long nowMs, Input input) {
        List<Input> follow = new ArrayList<>();
        for (Effect effect : quorum.step(nowMs, input)) {
            perform(effect, follow);
            surroundings.happened(this, effect);
        }
        for (Input next : follow) {
            step(nowMs, next);
        }
    }

    private void perform(Effect effect, List<Input> follow) {
        switch (effect) {
            case Effect.SaveElection save -> saved = save.election();
            case Effect.Send send -> surroundings.send(this, send);
            case Effect.AnswerVote answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.AnswerAnnouncement answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.AnswerFetch answer -> surroundings.answer(this, answer.request(), answer);
            case Effect.AppendControl append -> {
                Map<Long, ControlRecord> controls = new HashMap<>();
                for (ControlRecord control : append.controls()) {
                    controls.put((long) log.size(), control);
                    log.add(new Entry(append.epoch(), -append.epoch(), List.of(control)));
                }
                follow.add(new Input.Appended(append.epoch(), log.size(), controls));
            }
            case Effect.AppendFetched ignored -> {
                for (Entry entry : arrived) {
                    Map<Long, ControlRecord> controls = new HashMap<>();
                    for (ControlRecord control : entry.controls()) {
                        controls.put((long) log.size(), control);
                    }
                    log.add(entry);
                    follow.add(new Input.Appended(entry.epoch(), log.size(), controls));
                }
            }
            case Effect.Truncate truncate -> cut((int) truncate.endOffset());
            default -> {}
        }
    }

    private void cut(int endOffset) {
        while (log.size() > endOffset) {
            log.removeLast();
        }
        flushedEnd = Math.min(flushedEnd, log.size());
    }
}
