package ottla.controller.io;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.decide.Activation;
import ottla.controller.decide.ClientQuotaChanges;
import ottla.controller.decide.ConfigChanges;
import ottla.controller.decide.ConfigRules;
import ottla.controller.decide.ControllerSettings;
import ottla.controller.decide.DirectoryAssignment;
import ottla.controller.decide.FeatureUpdates;
import ottla.controller.decide.IsrChanges;
import ottla.controller.decide.LeaderElections;
import ottla.controller.decide.PartitionGrowth;
import ottla.controller.decide.ProducerIdBlocks;
import ottla.controller.decide.Reassignments;
import ottla.controller.decide.Refusals;
import ottla.controller.decide.ScramCredentialChanges;
import ottla.controller.decide.TopicCreation;
import ottla.controller.decide.TopicDeletion;
import ottla.controller.decide.Verdict;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.Directories;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.ImageFollower;
import ottla.controller.image.ImageFollower.Step;
import ottla.controller.image.Provenance;
import ottla.controller.quota.MutationQuota;
import ottla.controller.quota.MutationQuotas;
import ottla.controller.quota.MutationRequest;
import ottla.replication.io.CommittedBatch;
import ottla.replication.io.MachineThread;
import ottla.replication.io.QuorumListener;
import ottla.replication.io.QuorumSnapshot;
import ottla.replication.io.QuorumTerm;
import ottla.replication.machine.Command;
import ottla.replication.machine.Decision;
import ottla.replication.machine.Outcome;
import ottla.wire.message.AllocateProducerIdsRequest;
import ottla.wire.message.AllocateProducerIdsResponse;
import ottla.wire.message.AlterClientQuotasRequest;
import ottla.wire.message.AlterClientQuotasResponse;
import ottla.wire.message.AlterConfigsRequest;
import ottla.wire.message.AlterConfigsResponse;
import ottla.wire.message.AlterPartitionReassignmentsRequest;
import ottla.wire.message.AlterPartitionReassignmentsResponse;
import ottla.wire.message.AlterPartitionRequest;
import ottla.wire.message.AlterPartitionResponse;
import ottla.wire.message.AlterUserScramCredentialsRequest;
import ottla.wire.message.AlterUserScramCredentialsResponse;
import ottla.wire.message.AssignReplicasToDirsRequest;
import ottla.wire.message.AssignReplicasToDirsResponse;
import ottla.wire.message.BrokerHeartbeatRequest;
import ottla.wire.message.BrokerHeartbeatResponse;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.BrokerRegistrationResponse;
import ottla.wire.message.ControllerRegistrationRequest;
import ottla.wire.message.ControllerRegistrationResponse;
import ottla.wire.message.CreatePartitionsRequest;
import ottla.wire.message.CreatePartitionsResponse;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.DeleteTopicsRequest;
import ottla.wire.message.DeleteTopicsResponse;
import ottla.wire.message.ElectLeadersRequest;
import ottla.wire.message.ElectLeadersResponse;
import ottla.wire.message.IncrementalAlterConfigsRequest;
import ottla.wire.message.IncrementalAlterConfigsResponse;
import ottla.wire.message.ListPartitionReassignmentsRequest;
import ottla.wire.message.ListPartitionReassignmentsResponse;
import ottla.wire.message.UnregisterBrokerRequest;
import ottla.wire.message.UnregisterBrokerResponse;
import ottla.wire.message.UpdateFeaturesRequest;
import ottla.wire.message.UpdateFeaturesResponse;
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
 * <p>Owner thread: one, started by the constructor and ended by {@link #close}. Every public method may be called on any thread
 * and returns at once; stages complete on the owner thread and never exceptionally. While the node is not active, every request
 * is answered with NOT_CONTROLLER.
 */
public final class ControllerNode implements QuorumListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerNode.class);

    /** For requests that name no timeout of their own. */
    private static final long REQUEST_TIMEOUT_MS = 30_000;

    private final ControllerSettings settings;
    private final ConfigRules rules;
    private final List<MetadataRecord> bootstrap;
    private final RandomGenerator random;
    private final QuorumFeature kraftVersion;
    private final Timing timing;
    private final Snapshots snapshots;
    private final MachineThread thread;
    private final LongSupplier clockMs;
    private final MutationQuotas quotas;

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
     */
    public ControllerNode(
            ControllerSettings settings,
            Timing timing,
            ConfigRules rules,
            List<MetadataRecord> bootstrap,
            SnapshotSink snapshotSink,
            QuorumFeature kraftVersion,
            LongSupplier clockMs,
            RandomGenerator random) {
        this.settings = settings;
        this.rules = rules;
        this.bootstrap = List.copyOf(bootstrap);
        this.random = random;
        this.kraftVersion = kraftVersion;
        this.clockMs = clockMs;
        this.quotas = new MutationQuotas(settings.mutationWindow());
        this.timing = timing;
        this.snapshots = new Snapshots(
                new Snapshots.Policy(
                        timing.recordBytesBetweenSnapshots(),
                        timing.snapshotInterval().toMillis()),
                snapshotSink);
        this.thread = new MachineThread("controller", clockMs);
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
            active.shard.submit(ignored -> new Decision<>(first, first.size()), REQUEST_TIMEOUT_MS, outcome -> {
                if (outcome instanceof Outcome.Refused<Integer> refused) {
                    LOG.warn("the first records of epoch {} were not written: {}", quorum.epoch(), refused.refusal());
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

    /** Creates topics that this node wants itself: nobody's quota counts them. */
    public CompletionStage<CreateTopicsResponse> createTopics(CreateTopicsRequest request) {
        return decide(
                (active, nowMs) ->
                        new TopicCreation(active.facts(), this::newTopicId, random).create(request, topic -> true),
                request.timeoutMs(),
                why -> Refusals.of(request, why));
    }

    public CompletionStage<CreateTopicsResponse> createTopics(CreateTopicsRequest request, MutationRequest by) {
        return mutate(
                by,
                (active, quota) -> new TopicCreation(active.facts(), this::newTopicId, random, quota)
                        .create(request, topic -> true),
                request.timeoutMs(),
                why -> Refusals.of(request, why),
                CreateTopicsResponse::withThrottleTimeMs);
    }

    public CompletionStage<DeleteTopicsResponse> deleteTopics(
            DeleteTopicsRequest request, int version, MutationRequest by) {
        return mutate(
                by,
                (active, quota) -> new TopicDeletion(active.facts(), quota).delete(request, version),
                request.timeoutMs(),
                why -> Refusals.of(request, why),
                DeleteTopicsResponse::withThrottleTimeMs);
    }

    public CompletionStage<CreatePartitionsResponse> createPartitions(
            CreatePartitionsRequest request, MutationRequest by) {
        return mutate(
                by,
                (active, quota) -> new PartitionGrowth(active.facts(), random, quota).grow(request),
                request.timeoutMs(),
                why -> Refusals.of(request, why),
                CreatePartitionsResponse::withThrottleTimeMs);
    }

    public CompletionStage<IncrementalAlterConfigsResponse> incrementalAlterConfigs(
            IncrementalAlterConfigsRequest request) {
        return decide(
                (active, nowMs) -> new ConfigChanges(active.facts()).incremental(request),
                REQUEST_TIMEOUT_MS,
                why -> Refusals.of(request, why));
    }

    public CompletionStage<AlterConfigsResponse> alterConfigs(AlterConfigsRequest request) {
        return decide(
                (active, nowMs) -> new ConfigChanges(active.facts()).legacy(request),
                REQUEST_TIMEOUT_MS,
                why -> Refusals.of(request, why));
    }

    /** @param unknownHosts the names among the request's addresses that nobody could find */
    public CompletionStage<AlterClientQuotasResponse> alterClientQuotas(
            AlterClientQuotasRequest request, Set<String> unknownHosts) {
        return decide(
                (active, nowMs) -> new ClientQuotaChanges(active.machine.image(), unknownHosts).alter(request),
                REQUEST_TIMEOUT_MS,
                why -> Refusals.of(request, why));
    }

    public CompletionStage<AlterUserScramCredentialsResponse> alterUserScramCredentials(
            AlterUserScramCredentialsRequest request) {
        return decide(
                (active, nowMs) -> new ScramCredentialChanges(active.machine.image()).alter(request),
                REQUEST_TIMEOUT_MS,
                why -> Refusals.of(request, why));
    }

    public CompletionStage<BrokerRegistrationResponse> registerBroker(BrokerRegistrationRequest request) {
        return decide(
                (active, nowMs) -> active.registrations().register(request, active.nextOffset(), nowMs),
                REQUEST_TIMEOUT_MS,
                Refusals::registration);
    }

    public CompletionStage<ControllerRegistrationResponse> registerController(ControllerRegistrationRequest request) {
        return decide(
                (active, nowMs) -> active.registrations().registerController(request),
                REQUEST_TIMEOUT_MS,
                Refusals::controllerRegistration);
    }

    public CompletionStage<BrokerHeartbeatResponse> heartbeat(BrokerHeartbeatRequest request) {
        return decide(
                (active, nowMs) -> active.heartbeats()
                        .heartbeat(
                                request, active.machine.registeredAt(request.brokerId()), active.nextOffset(), nowMs),
                REQUEST_TIMEOUT_MS,
                Refusals::heartbeat);
    }

    public CompletionStage<UnregisterBrokerResponse> unregisterBroker(UnregisterBrokerRequest request) {
        return decide(
                (active, nowMs) -> active.registrations().unregister(request),
                REQUEST_TIMEOUT_MS,
                Refusals::unregistration);
    }

    /** {@code kraft.version} is raised by the quorum, when all the rest is found to be possible and before it is made. */
    public CompletionStage<UpdateFeaturesResponse> updateFeatures(UpdateFeaturesRequest request, int version) {
        OptionalInt raised = FeatureUpdates.raisedKRaftVersion(request, version);
        if (raised.isEmpty()) {
            return decideFeatures(request, version);
        }
        return decideFeatures(request.withValidateOnly(true), version)
                .thenComposeAsync(
                        valid -> valid.errorCode() == ErrorCode.NONE.code()
                                ? raise(raised.getAsInt(), request, version, valid)
                                : CompletableFuture.completedStage(valid),
                        thread.loop()::execute);
    }

    private CompletionStage<UpdateFeaturesResponse> raise(
            int level, UpdateFeaturesRequest request, int version, UpdateFeaturesResponse valid) {
        OptionalInt epoch = activeEpoch;
        if (epoch.isEmpty()) {
            return CompletableFuture.completedStage(Refusals.featureUpdate(Refusals.notActive(leaderId)));
        }
        CompletionStage<QuorumFeature.Outcome> raised = request.validateOnly()
                ? kraftVersion.validate(epoch.getAsInt(), level)
                : kraftVersion.raise(epoch.getAsInt(), level);
        return raised.exceptionally(
                        failure -> new QuorumFeature.Outcome(ErrorCode.UNKNOWN_SERVER_ERROR, Optional.empty()))
                .thenComposeAsync(
                        outcome -> {
                            if (outcome.error() != ErrorCode.NONE) {
                                return CompletableFuture.completedStage(
                                        FeatureUpdates.refusal(outcome.error(), outcome.message()));
                            }
                            return request.validateOnly()
                                    ? CompletableFuture.completedStage(valid)
                                    : decideFeatures(request, version);
                        },
                        thread.loop()::execute);
    }

    private CompletionStage<UpdateFeaturesResponse> decideFeatures(UpdateFeaturesRequest request, int version) {
        return decide(
                (active, nowMs) ->
                        new FeatureUpdates(active.facts(), (short) kraftVersion.level()).update(request, version),
                request.timeoutMs(),
                Refusals::featureUpdate);
    }

    public CompletionStage<AllocateProducerIdsResponse> allocateProducerIds(AllocateProducerIdsRequest request) {
        return decide(
                (active, nowMs) -> new ProducerIdBlocks(active.machine.image()).allocate(request),
                REQUEST_TIMEOUT_MS,
                Refusals::producerIds);
    }

    public CompletionStage<AlterPartitionResponse> alterPartition(AlterPartitionRequest request, int version) {
        return decide(
                (active, nowMs) -> new IsrChanges(active.facts()).alter(request, version),
                REQUEST_TIMEOUT_MS,
                Refusals::alterPartition);
    }

    public CompletionStage<AssignReplicasToDirsResponse> assignReplicasToDirs(AssignReplicasToDirsRequest request) {
        return decide(
                (active, nowMs) -> new DirectoryAssignment(active.facts()).assign(request),
                REQUEST_TIMEOUT_MS,
                Refusals::directories);
    }

    public CompletionStage<ElectLeadersResponse> electLeaders(ElectLeadersRequest request) {
        return decide(
                (active, nowMs) -> new LeaderElections(active.facts()).elect(request),
                request.timeoutMs(),
                why -> Refusals.of(request, why));
    }

    public CompletionStage<AlterPartitionReassignmentsResponse> alterPartitionReassignments(
            AlterPartitionReassignmentsRequest request) {
        return decide(
                (active, nowMs) -> new Reassignments(active.facts()).alter(request),
                request.timeoutMs(),
                why -> Refusals.of(request, why));
    }

    public CompletionStage<ListPartitionReassignmentsResponse> listPartitionReassignments(
            ListPartitionReassignmentsRequest request) {
        return decide(
                (active, nowMs) -> Decision.of(new Reassignments(active.facts()).list(request)),
                REQUEST_TIMEOUT_MS,
                why -> Refusals.of(request, why));
    }

    /** A decision that counts against a quota. Its answer says for how long the client is to be quiet from then on. */
    private <A> CompletionStage<A> mutate(
            MutationRequest by,
            Mutation<A> mutation,
            long timeoutMs,
            Function<Verdict.Refused<Void>, A> refused,
            BiFunction<A, Integer, A> throttled) {
        MutationQuotas.Share share = quotas.share(by);
        return this.<A>decide(
                        (active, nowMs) -> mutation.decide(active, share.at(active.machine.image(), nowMs)),
                        timeoutMs,
                        refused)
                .thenApply(answer -> throttled.apply(answer, share.throttleTimeMs(clockMs.getAsLong())));
    }

    private <A> CompletionStage<A> decide(
            Decider<A> decider, long timeoutMs, Function<Verdict.Refused<Void>, A> refused) {
        CompletableFuture<A> answer = new CompletableFuture<>();
        ControllerTerm active = term;
        if (active != null) {
            submit(active, decider, timeoutMs, refused, answer);
        } else {
            // after whatever the quorum reported before the request came
            thread.loop().execute(() -> {
                ControllerTerm begun = term;
                if (begun != null) {
                    submit(begun, decider, timeoutMs, refused, answer);
                } else {
                    answer.complete(refused.apply(Refusals.notActive(leaderId)));
                }
            });
        }
        return answer;
    }

    private <A> void submit(
            ControllerTerm active,
            Decider<A> decider,
            long timeoutMs,
            Function<Verdict.Refused<Void>, A> refused,
            CompletableFuture<A> answer) {
        Command<MetadataRecord, A> command = nowMs -> {
            Decision<MetadataRecord, A> decision = decider.decide(active, nowMs);
            if (!decision.records().isEmpty()) {
                active.wrote(nowMs);
            }
            return decision;
        };
        active.shard.submit(
                command,
                timeoutMs,
                outcome -> answer.complete(outcome.orElse(refusal -> refused.apply(Refusals.of(refusal, leaderId)))));
    }

    private Uuid newTopicId() {
        while (true) {
            // the bits of a random UUID of version 4; an id that begins with '-' looks like an option to the tools
            long high = (random.nextLong() & 0xffff_ffff_ffff_0fffL) | 0x4000L;
            long low = (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | Long.MIN_VALUE;
            Uuid id = new Uuid(high, low);
            if (Directories.isReal(id) && !id.toString().startsWith("-")) {
                return id;
            }
        }
    }

    @FunctionalInterface
    private interface Decider<A> {
        Decision<MetadataRecord, A> decide(ControllerTerm active, long nowMs);
    }

    @FunctionalInterface
    private interface Mutation<A> {
        Decision<MetadataRecord, A> decide(ControllerTerm active, MutationQuota quota);
    }

    /** Who waits until the image has come to an offset. */
    private record Waiting(long offset, CompletableFuture<Void> stage) {}
}
