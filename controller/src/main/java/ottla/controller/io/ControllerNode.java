package ottla.controller.io;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.controller.decide.Activation;
import ottla.controller.decide.ConfigRules;
import ottla.controller.decide.ControllerSettings;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.ImageFollower;
import ottla.controller.image.ImageFollower.Step;
import ottla.controller.image.Provenance;
import ottla.controller.quota.MutationQuotas;
import ottla.replication.io.CommittedBatch;
import ottla.replication.io.MachineDrive;
import ottla.replication.io.QuorumListener;
import ottla.replication.io.QuorumSnapshot;
import ottla.replication.io.QuorumTerm;
import ottla.replication.machine.Decision;
import ottla.replication.machine.Outcome;
import ottla.wire.message.metadata.AbortTransactionRecord;
import ottla.wire.message.metadata.MetadataRecord;

/**
 * One node's view of the metadata, and the active controller while the node leads the quorum.
 *
 * <pre>
 *                  the quorum leads here
 *    FOLLOWING ----------------------------> ACTIVE
 *        ^       (first records, if any)        |
 *        +--------------------------------------+
 *                   the term is over
 * </pre>
 *
 * Following, it takes in committed batches and publishes images. Active, it decides as well: what it decided is applied at once
 * to its own latest image, appended, and published when it is committed; only then is the caller answered.
 *
 * <p>Owner thread: one, handed to the constructor and ended by {@link #close}. Every public method may be called on any thread
 * and returns at once.
 */
public final class ControllerNode implements QuorumListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerNode.class);

    private final ControllerSettings settings;
    private final ConfigRules rules;
    private final List<MetadataRecord> bootstrap;
    private final Timing timing;
    private final Snapshots snapshots;
    private final MachineDrive thread;
    private final LongSupplier clockMs;
    private final ControllerRequests requests;

    private final ImageFollower follower = new ImageFollower();
    private final List<ImageListener> listeners = new ArrayList<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private Provenance publishedAt = Provenance.EMPTY;
    private volatile @Nullable ControllerTerm term;

    private volatile ClusterImage image = ClusterImage.EMPTY;
    private volatile OptionalInt activeEpoch = OptionalInt.empty();

    /** Who leads the quorum, as far as its node knows. */
    private volatile OptionalInt leaderId = OptionalInt.empty();

    /**
     * @param bootstrap the first records of a new cluster, from its {@code bootstrap.checkpoint}
     * @param clockMs the time of day in milliseconds
     * @param kraftVersion the feature that the quorum keeps itself
     * @param thread this controller's own, which ends with it
     */
    public ControllerNode(
            ControllerSettings settings,
            Timing timing,
            ConfigRules rules,
            List<MetadataRecord> bootstrap,
            SnapshotSink snapshotSink,
            QuorumFeature kraftVersion,
            LongSupplier clockMs,
            RandomGenerator random,
            MachineDrive thread) {
        this.settings = settings;
        this.rules = rules;
        this.bootstrap = List.copyOf(bootstrap);
        this.clockMs = clockMs;
        this.timing = timing;
        this.snapshots = new Snapshots(
                new Snapshots.Policy(
                        timing.recordBytesBetweenSnapshots(),
                        timing.snapshotInterval().toMillis()),
                snapshotSink);
        this.thread = thread;
        this.requests = new ControllerRequests(
                () -> term,
                () -> leaderId,
                thread.loop()::execute,
                new MutationQuotas(settings.mutationWindow()),
                kraftVersion,
                clockMs,
                random);
    }

    /**
     * {@code metadata.max.idle.interval.ms}, {@code metadata.log.max.record.bytes.between.snapshots},
     * {@code metadata.log.max.snapshot.interval.ms}, {@code leader.imbalance.check.interval.seconds} where
     * {@code auto.leader.rebalance.enable} is on, and {@code unclean.leader.election.interval.ms}; zero durations mean never.
     */
    public record Timing(
            Duration idleInterval,
            long recordBytesBetweenSnapshots,
            Duration snapshotInterval,
            Duration leaderBalanceInterval,
            Duration uncleanElectionInterval) {
        /** Nothing happens by itself. */
        public static final Timing NEVER = new Timing(Duration.ZERO, 0, Duration.ZERO, Duration.ZERO, Duration.ZERO);
    }

    /** What can be asked of this node while it is the active controller. */
    public ControllerRequests requests() {
        return requests;
    }

    /** The newest committed image. */
    public ClusterImage image() {
        return image;
    }

    /** The epoch in which this node is the active controller, if it is. */
    public OptionalInt activeEpoch() {
        return activeEpoch;
    }

    /** From now on the listener learns every change, beginning with the way from the empty image to the present one. */
    public void addListener(ImageListener listener) {
        thread.loop().execute(() -> {
            listeners.add(listener);
            if (publishedAt.lastOffset() >= 0) {
                ClusterImage present = follower.image();
                notify(listener, ImageDelta.between(ClusterImage.EMPTY, present), present);
            }
        });
    }

    /** Completes when the image has everything up to an offset, this one included. */
    public CompletionStage<Void> reached(long offset) {
        CompletableFuture<Void> stage = new CompletableFuture<>();
        thread.loop().execute(() -> {
            waiting.add(new Waiting(offset, stage));
            completeReached();
        });
        return stage;
    }

    private void completeReached() {
        if (!waiting.isEmpty()) {
            List<Waiting> reached = waiting.stream()
                    .filter(one -> one.offset <= publishedAt.lastOffset())
                    .toList();
            waiting.removeAll(reached);
            reached.forEach(one -> one.stage.complete(null));
        }
    }

    @Override
    public void close() {
        thread.close();
    }

    // The quorum's reports: they come on its thread and are carried over to this one's.

    @Override
    public void onSnapshot(QuorumSnapshot snapshot) {
        ImageDelta delta = new ImageDelta(ClusterImage.EMPTY);
        snapshot.forEachBatch(records -> records.forEach(delta::apply));
        ClusterImage loaded = delta.toImage();
        Provenance at =
                new Provenance(snapshot.id().endOffset() - 1, snapshot.id().epoch(), snapshot.lastContainedTimeMs());
        thread.loop().execute(() -> {
            Step step = follower.replace(loaded);
            snapshots.loaded(at);
            publish(step.delta(), step.image(), at);
            completeReached();
        });
    }

    @Override
    public void onCommitted(CommittedBatch batch) {
        thread.loop().execute(() -> committed(batch));
    }

    @Override
    public void onLeader(QuorumTerm quorum) {
        thread.loop().execute(() -> activate(quorum));
    }

    @Override
    public void onResigned(int epoch) {
        thread.loop().execute(() -> {
            ControllerTerm ended = term;
            if (ended != null && ended.epoch == epoch) {
                LOG.info("no longer the active controller of epoch {}", epoch);
                term = null;
                activeEpoch = OptionalInt.empty();
                ended.shard.close();
            }
        });
    }

    @Override
    public void onLeaderChanged(int epoch, OptionalInt leaderId) {
        this.leaderId = leaderId;
    }

    private void committed(CommittedBatch batch) {
        Provenance at = new Provenance(batch.lastOffset(), batch.epoch(), batch.appendTimeMs());
        ControllerTerm active = term;
        if (active != null && batch.epoch() == active.epoch) {
            for (ControllerMachine.Stage stage : active.machine.takeCommitted(batch.endOffset())) {
                follower.advance(stage.image);
                publish(
                        stage.delta,
                        stage.image,
                        new Provenance(stage.endOffset - 1, batch.epoch(), at.appendTimeMs()));
            }
            publishedAt = at;
            active.published(batch.endOffset());
        } else {
            Optional<Step> step = follower.apply(batch.records());
            if (step.isPresent()) {
                publish(step.get().delta(), step.get().image(), at);
            }
            publishedAt = at;
        }
        completeReached();
        snapshots.committed(batch.sizeBytes(), follower.image(), at);
    }

    private void publish(ImageDelta delta, ClusterImage next, Provenance at) {
        image = next;
        publishedAt = at;
        for (ImageListener listener : listeners) {
            notify(listener, delta, next);
        }
    }

    private void notify(ImageListener listener, ImageDelta delta, ClusterImage next) {
        try {
            listener.onImage(delta, next, publishedAt);
        } catch (RuntimeException defect) {
            LOG.error("a listener failed on the image at offset {}", publishedAt.lastOffset(), defect);
        }
    }

    private void activate(QuorumTerm quorum) {
        ControllerTerm active = new ControllerTerm(
                quorum,
                follower.image(),
                settings,
                rules,
                thread.loop(),
                defect -> LOG.error("a decision of the controller failed", defect));
        long nowMs = clockMs.getAsLong();
        active.liveness.begin(follower.image().brokers().values(), nowMs);
        LOG.info("the active controller of epoch {}, from offset {}", quorum.epoch(), quorum.endOffset());
        List<MetadataRecord> first = firstRecords();
        if (!first.isEmpty()) {
            active.shard.submit(
                    ignored -> new Decision<>(first, first.size()), ControllerRequests.TIMEOUT_MS, outcome -> {
                        if (outcome instanceof Outcome.Refused<Integer> refused) {
                            LOG.warn(
                                    "the first records of epoch {} were not written: {}",
                                    quorum.epoch(),
                                    refused.refusal());
                        }
                    });
        }
        // only now can anybody find the term: every request is decided after the first records
        term = active;
        activeEpoch = OptionalInt.of(quorum.epoch());
        active.shard.execute(runtime -> {
            active.wrote(nowMs);
            new Rounds(active, timing, settings.sessionTimeoutMs()).begin(nowMs);
        });
    }

    private List<MetadataRecord> firstRecords() {
        if (follower.isInTransaction()) {
            return List.of(new AbortTransactionRecord("a new controller became active"));
        }
        return follower.image().isBootstrapped() ? List.of() : Activation.firstRecords(bootstrap, settings);
    }

    /** Who waits until the image has come to an offset. */
    private record Waiting(long offset, CompletableFuture<Void> stage) {}
}
