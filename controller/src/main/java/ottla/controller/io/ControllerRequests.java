package ottla.controller.io;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.decide.ClientQuotaChanges;
import ottla.controller.decide.ConfigChanges;
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
import ottla.controller.image.Directories;
import ottla.controller.quota.MutationQuota;
import ottla.controller.quota.MutationQuotas;
import ottla.controller.quota.MutationRequest;
import ottla.replication.machine.Command;
import ottla.replication.machine.Decision;
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
import ottla.wire.message.metadata.MetadataRecord;

/**
 * What can be asked of the active controller: each request becomes one decision, and is answered when that is committed.
 *
 * <p>Every method may be called on any thread and returns at once; stages complete on the controller's thread and never
 * exceptionally. While the node is not active, every request is answered with NOT_CONTROLLER.
 */
public final class ControllerRequests {
    /** For requests that name no timeout of their own. */
    static final long TIMEOUT_MS = 30_000;

    private final Supplier<@Nullable ControllerTerm> term;
    private final Supplier<OptionalInt> leaderId;
    private final Executor thread;
    private final MutationQuotas quotas;
    private final QuorumFeature kraftVersion;
    private final LongSupplier clockMs;
    private final RandomGenerator random;

    /**
     * @param term the present one, null while this node is not active; written by the controller's thread
     * @param leaderId who leads the quorum, as far as its node knows
     * @param thread the controller's
     * @param kraftVersion the feature that the quorum keeps itself
     * @param clockMs the time of day in milliseconds
     */
    ControllerRequests(
            Supplier<@Nullable ControllerTerm> term,
            Supplier<OptionalInt> leaderId,
            Executor thread,
            MutationQuotas quotas,
            QuorumFeature kraftVersion,
            LongSupplier clockMs,
            RandomGenerator random) {
        this.term = term;
        this.leaderId = leaderId;
        this.thread = thread;
        this.quotas = quotas;
        this.kraftVersion = kraftVersion;
        this.clockMs = clockMs;
        this.random = random;
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
                TIMEOUT_MS,
                why -> Refusals.of(request, why));
    }

    public CompletionStage<AlterConfigsResponse> alterConfigs(AlterConfigsRequest request) {
        return decide(
                (active, nowMs) -> new ConfigChanges(active.facts()).legacy(request),
                TIMEOUT_MS,
                why -> Refusals.of(request, why));
    }

    /** @param unknownHosts the names among the request's addresses that nobody could find */
    public CompletionStage<AlterClientQuotasResponse> alterClientQuotas(
            AlterClientQuotasRequest request, Set<String> unknownHosts) {
        return decide(
                (active, nowMs) -> new ClientQuotaChanges(active.machine.image(), unknownHosts).alter(request),
                TIMEOUT_MS,
                why -> Refusals.of(request, why));
    }

    public CompletionStage<AlterUserScramCredentialsResponse> alterUserScramCredentials(
            AlterUserScramCredentialsRequest request) {
        return decide(
                (active, nowMs) -> new ScramCredentialChanges(active.machine.image()).alter(request),
                TIMEOUT_MS,
                why -> Refusals.of(request, why));
    }

    public CompletionStage<BrokerRegistrationResponse> registerBroker(BrokerRegistrationRequest request) {
        return decide(
                (active, nowMs) -> active.registrations().register(request, active.nextOffset(), nowMs),
                TIMEOUT_MS,
                Refusals::registration);
    }

    public CompletionStage<ControllerRegistrationResponse> registerController(ControllerRegistrationRequest request) {
        return decide(
                (active, nowMs) -> active.registrations().registerController(request),
                TIMEOUT_MS,
                Refusals::controllerRegistration);
    }

    public CompletionStage<BrokerHeartbeatResponse> heartbeat(BrokerHeartbeatRequest request) {
        return decide(
                (active, nowMs) -> active.heartbeats()
                        .heartbeat(
                                request, active.machine.registeredAt(request.brokerId()), active.nextOffset(), nowMs),
                TIMEOUT_MS,
                Refusals::heartbeat);
    }

    /** Fences a broker that is known to have died in that epoch; false if that epoch is over, or nothing had to be done. */
    public CompletionStage<Boolean> fenceLost(int brokerId, long brokerEpoch) {
        return decide(
                (active, nowMs) -> active.heartbeats().fenceLost(brokerId, brokerEpoch), TIMEOUT_MS, why -> false);
    }

    public CompletionStage<UnregisterBrokerResponse> unregisterBroker(UnregisterBrokerRequest request) {
        return decide(
                (active, nowMs) -> active.registrations().unregister(request), TIMEOUT_MS, Refusals::unregistration);
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
                        thread);
    }

    private CompletionStage<UpdateFeaturesResponse> raise(
            int level, UpdateFeaturesRequest request, int version, UpdateFeaturesResponse valid) {
        ControllerTerm active = term.get();
        if (active == null) {
            return CompletableFuture.completedStage(Refusals.featureUpdate(Refusals.notActive(leaderId.get())));
        }
        CompletionStage<QuorumFeature.Outcome> raised = request.validateOnly()
                ? kraftVersion.validate(active.epoch, level)
                : kraftVersion.raise(active.epoch, level);
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
                        thread);
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
                TIMEOUT_MS,
                Refusals::producerIds);
    }

    public CompletionStage<AlterPartitionResponse> alterPartition(AlterPartitionRequest request, int version) {
        return decide(
                (active, nowMs) -> new IsrChanges(active.facts()).alter(request, version),
                TIMEOUT_MS,
                Refusals::alterPartition);
    }

    public CompletionStage<AssignReplicasToDirsResponse> assignReplicasToDirs(AssignReplicasToDirsRequest request) {
        return decide(
                (active, nowMs) -> new DirectoryAssignment(active.facts()).assign(request),
                TIMEOUT_MS,
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
                TIMEOUT_MS,
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
        ControllerTerm active = term.get();
        if (active != null) {
            submit(active, decider, timeoutMs, refused, answer);
        } else {
            // after whatever the quorum reported before the request came
            thread.execute(() -> {
                ControllerTerm begun = term.get();
                if (begun != null) {
                    submit(begun, decider, timeoutMs, refused, answer);
                } else {
                    answer.complete(refused.apply(Refusals.notActive(leaderId.get())));
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
                outcome -> answer.complete(
                        outcome.orElse(refusal -> refused.apply(Refusals.of(refusal, leaderId.get())))));
    }

    private Uuid newTopicId() {
        Uuid id = Uuid.randomName(random);
        while (!Directories.isReal(id)) {
            id = Uuid.randomName(random);
        }
        return id;
    }

    @FunctionalInterface
    private interface Decider<A> {
        Decision<MetadataRecord, A> decide(ControllerTerm active, long nowMs);
    }

    @FunctionalInterface
    private interface Mutation<A> {
        Decision<MetadataRecord, A> decide(ControllerTerm active, MutationQuota quota);
    }
}
