package ottla.replication.io;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.replication.quorum.ControlRecord;
import ottla.replication.quorum.Effect;
import ottla.replication.quorum.Input;
import ottla.replication.quorum.Leadership;
import ottla.replication.quorum.MetadataBatches;
import ottla.replication.quorum.Quorum;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.VoterHistory;
import ottla.replication.quorum.VoterSet;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;

/**
 * Carries out what the machine wants: writes, flushes, sends, answers. Owned by the thread of its {@link QuorumNode}, from the
 * first step to {@link #close}.
 */
final class QuorumShell implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QuorumShell.class);

    /** Kafka looks for snapshots that nobody needs once a minute. */
    private static final long CLEAN_INTERVAL_MS = 60_000;

    /** How often a full disk is tried again. */
    private static final long FULL_RETRY_MS = 500;

    /** A leader waits for room for that long before another voter has to lead. */
    private static final long FULL_MS_MAX = 5_000;

    private final QuorumSettings settings;
    private final QuorumLog log;
    private final Quorum quorum;
    private final QuorumDelivery delivery;
    private final InstantSource clock;
    private final LongSupplier ticksMs;
    private final Sender sender;
    private final Consumer<Runnable> owner;
    private final Runnable wake;
    private final Map<Long, Consumer<Effect>> asked = new HashMap<>();
    private Optional<LeaderTerm> term = Optional.empty();
    private long epochStartOffset;
    private long nextRequest = 1;
    private long nextCleanMs;

    /** The disk was full: what waits to be written is tried again then. */
    private OptionalLong retryMs = OptionalLong.empty();

    /** Since when there was no room for any of what waits to be written. */
    private OptionalLong fullSinceMs = OptionalLong.empty();

    /** The disk was full: what was fetched is fetched again then, since the machine waits for the report of it. */
    private OptionalLong refetchMs = OptionalLong.empty();

    /** Records or snapshot bytes of the answer that is being taken in. */
    private Payload arrived = Payload.EMPTY;

    /** Read by other threads. */
    private volatile long highWatermark;

    private volatile Leadership leadership;

    private volatile Membership voters;

    /** Who votes, and the level of {@code kraft.version}, at the end of the log. */
    record Membership(VoterSet voters, int kRaftVersion) {}

    /** How to reach others; the answer comes back as an input by way of the owner. */
    interface Sender {
        void send(Effect.Send send);
    }

    QuorumShell(
            QuorumSettings settings,
            QuorumLog log,
            List<QuorumListener> listeners,
            InstantSource clock,
            LongSupplier ticksMs,
            RandomGenerator random,
            Sender sender,
            Consumer<Runnable> owner,
            Runnable wake) {
        this.settings = settings;
        this.log = log;
        this.clock = clock;
        this.ticksMs = ticksMs;
        this.sender = sender;
        this.owner = owner;
        this.wake = wake;
        delivery = new QuorumDelivery(log, listeners);
        quorum = new Quorum(
                settings.membership(),
                settings.timeouts(),
                random,
                log.elections().read(),
                log.facts(),
                log.voters(settings.staticVoters()),
                ticksMs.getAsLong());
        leadership = quorum.leadership();
        voters = new Membership(quorum.voters().latest(), quorum.voters().kRaftVersion());
        highWatermark = Math.max(0, quorum.highWatermark());
        nextCleanMs = ticksMs.getAsLong() + CLEAN_INTERVAL_MS;
    }

    Quorum quorum() {
        return quorum;
    }

    QuorumLog log() {
        return log;
    }

    /** Everything below this is committed. Any thread. */
    long highWatermark() {
        return highWatermark;
    }

    /** Any thread. */
    Leadership leadership() {
        return leadership;
    }

    /** Any thread. */
    Membership membership() {
        return voters;
    }

    /** When {@link #turn} is to be called at the latest. */
    long nextDeadlineMs() {
        long afterFullDiskMs = Math.min(retryMs.orElse(Long.MAX_VALUE), refetchMs.orElse(Long.MAX_VALUE));
        return Math.min(afterFullDiskMs, Math.min(nextCleanMs, quorum.nextDeadlineMs()));
    }

    /** One turn of the owner's loop: timers, what was appended meanwhile, and what the listeners do not know yet. */
    void turn() {
        if (quorum.nextDeadlineMs() <= ticksMs.getAsLong()) {
            step(new Input.Tick());
        }
        writeWaiting();
        fetchAgain();
        delivery.deliver(highWatermark);
        if (nextCleanMs <= ticksMs.getAsLong()) {
            clean();
        }
    }

    /** Asks the machine something that it answers with an effect, sooner or later. */
    void ask(Function<Long, Input> question, Consumer<Effect> answer) {
        long request = nextRequest++;
        asked.put(request, answer);
        step(question.apply(request));
    }

    /** An answer from another node, with the records that came along. */
    void answered(Input answer, Payload records) {
        arrived = records;
        step(answer);
        arrived = Payload.EMPTY;
    }

    void step(Input input) {
        List<Input> reports = new ArrayList<>();
        for (Effect effect : quorum.step(ticksMs.getAsLong(), input)) {
            perform(effect, reports);
        }
        leadership = quorum.leadership();
        VoterHistory latest = quorum.voters();
        if (!latest.latest().equals(voters.voters()) || latest.kRaftVersion() != voters.kRaftVersion()) {
            voters = new Membership(latest.latest(), latest.kRaftVersion());
            LOG.info("The voters of the metadata quorum are {}", latest.latest().voters());
        }
        reports.forEach(this::step);
    }

    private void perform(Effect effect, List<Input> reports) {
        switch (effect) {
            case Effect.SaveElection save ->
                log.elections().save(save.election(), quorum.voters().latest(), save.kRaftVersion());
            case Effect.Send send -> sender.send(send);
            case Effect.AnswerVote answer -> answer(answer.request(), answer);
            case Effect.AnswerAnnouncement answer -> answer(answer.request(), answer);
            case Effect.AnswerFetch answer -> answer(answer.request(), answer);
            case Effect.AnswerSnapshot answer -> answer(answer.request(), answer);
            case Effect.AnswerVoterChange answer -> answer(answer.request(), answer);
            case Effect.AnswerVoterUpdate answer -> answer(answer.request(), answer);
            case Effect.AnswerKRaftVersion answer -> answer(answer.request(), answer);
            case Effect.AppendControl append -> appendControl(append, reports);
            case Effect.AppendFetched ignored -> appendFetched(reports);
            case Effect.WriteSnapshot write ->
                log.snapshots().fetched(write.id(), write.position(), arrived.contiguous());
            case Effect.InstallSnapshot install -> install(install.id(), reports);
            case Effect.Truncate truncate -> {
                LOG.info("Cutting the metadata log at {}, as its leader's does not go on as it does", truncate);
                log.truncateTo(truncate.endOffset());
                delivery.truncated(truncate.endOffset());
            }
            case Effect.Commit commit -> {
                highWatermark = commit.highWatermark();
                log.highWatermark(highWatermark);
            }
            case Effect.BecomeLeader leader -> epochStartOffset = leader.epochStartOffset();
            case Effect.LoseLeadership lost -> {
                term.ifPresent(LeaderTerm::end);
                term = Optional.empty();
                fullSinceMs = OptionalLong.empty();
                delivery.resigned(lost.epoch());
            }
            case Effect.LeaderKnown known -> {
                LOG.info(
                        "Epoch {} of the metadata quorum {}",
                        known.epoch(),
                        known.leaderId().isPresent()
                                ? "is led by " + known.leaderId().getAsInt()
                                : "has no known leader");
                delivery.leaderKnown(known.epoch(), known.leaderId());
            }
        }
    }

    private void answer(long request, Effect answer) {
        @Nullable Consumer<Effect> asker = asked.remove(request);
        if (asker != null) {
            asker.accept(answer);
        }
    }

    private void appendControl(Effect.AppendControl append, List<Input> reports) {
        if (term.isPresent()) {
            // Records that were given offsets before may still wait to be written.
            term.get().appendControl(append.controls());
            return;
        }
        long baseOffset = log.endOffset();
        long timeMs = clock.millis();
        ByteBuffer bytes = MetadataBatches.writeControl(baseOffset, append.epoch(), timeMs, append.controls());
        int sizeBytes = bytes.remaining();
        Map<Long, ControlRecord> controls = QuorumLog.controls(bytes);
        if (log.appendIfRoom(bytes, append.epoch()) == QuorumLog.Outcome.NO_ROOM) {
            LOG.warn("The disk is full: another has to lead the metadata quorum after epoch {}", append.epoch());
            reports.add(new Input.ResignAsked(append.epoch()));
            return;
        }
        long endOffset = log.endOffset();
        delivery.appended(new CommittedBatch(baseOffset, endOffset - 1, append.epoch(), timeMs, sizeBytes, List.of()));
        log.flush();
        reports.add(new Input.Appended(append.epoch(), endOffset, controls));
        reports.add(new Input.Flushed(endOffset));
        // The first control records of an epoch: what the term accepts is numbered from behind them on.
        LeaderTerm next = new LeaderTerm(
                append.epoch(),
                endOffset,
                clock,
                this::highWatermark,
                wake,
                () -> owner.accept(() -> step(new Input.ResignAsked(append.epoch()))));
        term = Optional.of(next);
        delivery.leads(next, epochStartOffset);
    }

    /**
     * Writes all that was accepted since the last turn, and flushes once for all of it. On a full disk the rest waits: its offsets
     * are given. Whoever asked for it hears that the time is up, or that another leads now.
     */
    private void writeWaiting() {
        if (retryMs.isPresent() && ticksMs.getAsLong() < retryMs.getAsLong()) {
            return;
        }
        retryMs = OptionalLong.empty();
        List<LeaderTerm.Waiting> waiting = term.map(LeaderTerm::take).orElse(List.of());
        if (waiting.isEmpty()) {
            return;
        }
        int epoch = term.orElseThrow().epoch();
        int written = 0;
        Map<Long, ControlRecord> controls = new HashMap<>();
        for (LeaderTerm.Waiting batch : waiting) {
            Check.invariant(
                    batch.batch().baseOffset() == log.endOffset(),
                    "offsets were given without gaps",
                    batch.batch().baseOffset(),
                    log.endOffset());
            if (log.appendIfRoom(batch.bytes(), epoch) == QuorumLog.Outcome.NO_ROOM) {
                term.orElseThrow().putBack(waiting.subList(written, waiting.size()));
                break;
            }
            delivery.appended(batch.batch());
            controls.putAll(batch.controls());
            written++;
        }
        if (written > 0) {
            fullSinceMs = OptionalLong.empty();
            step(new Input.Appended(epoch, log.endOffset(), controls));
            log.flush();
            step(new Input.Flushed(log.endOffset()));
        }
        if (written < waiting.size()) {
            awaitRoom(epoch);
        }
    }

    /** The cluster need not stand still because one disk is full, as long as there are other voters. */
    private void awaitRoom(int epoch) {
        long nowMs = ticksMs.getAsLong();
        retryMs = OptionalLong.of(nowMs + FULL_RETRY_MS);
        if (fullSinceMs.isEmpty()) {
            fullSinceMs = OptionalLong.of(nowMs);
        }
        boolean alone = quorum.voters().latest().ids().size() == 1;
        if (!alone && nowMs - fullSinceMs.getAsLong() >= FULL_MS_MAX) {
            LOG.warn("The disk is still full: another has to lead the metadata quorum after epoch {}", epoch);
            step(new Input.ResignAsked(epoch));
        }
    }

    /**
     * An observer's log is a copy that nobody counts on: what of it a power cut takes, the leader has, and so it waits for no disk, as
     * in Kafka. All of it is on disk before its end can count: the records that make a voter of an observer are flushed, with all
     * before them.
     */
    private void appendFetched(List<Input> reports) {
        ByteBuffer records = arrived.contiguous();
        boolean counts = quorum.isVoter();
        for (BatchView batch : Batches.each(records)) {
            if (batch.partitionLeaderEpoch() > quorum.role().epoch() || batch.baseOffset() != log.endOffset()) {
                break;
            }
            if (log.appendIfRoom(batch.bytes(), batch.partitionLeaderEpoch()) == QuorumLog.Outcome.NO_ROOM) {
                // Told at once, the machine would fetch the same again at once.
                log.flush();
                refetchMs = OptionalLong.of(ticksMs.getAsLong() + FULL_RETRY_MS);
                return;
            }
            Map<Long, ControlRecord> controls = batch.isControl() ? MetadataBatches.readControl(batch) : Map.of();
            counts |= batch.isControl();
            reports.add(new Input.Appended(batch.partitionLeaderEpoch(), log.endOffset(), controls));
        }
        if (counts) {
            log.flush();
        }
        reports.add(new Input.Flushed(log.endOffset()));
    }

    private void fetchAgain() {
        if (refetchMs.isPresent() && ticksMs.getAsLong() >= refetchMs.getAsLong()) {
            refetchMs = OptionalLong.empty();
            step(new Input.Flushed(log.endOffset()));
        }
    }

    private void install(SnapshotId id, List<Input> reports) {
        log.install(id);
        delivery.truncated(0);
        reports.add(new Input.SnapshotInstalled(id, log.snapshots().voters(id)));
    }

    /** A snapshot of the controller's is in place. */
    void snapshotCreated(SnapshotId id) {
        step(new Input.SnapshotCreated(id));
        clean();
    }

    private void clean() {
        nextCleanMs = ticksMs.getAsLong() + CLEAN_INTERVAL_MS;
        log.clean(settings.retention())
                .ifPresent(cleaned -> step(new Input.Cleaned(cleaned.oldest(), cleaned.startOffset())));
    }

    @Override
    public void close() {
        term.ifPresent(LeaderTerm::end);
        log.close();
    }
}
