package ottla.controller.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.decide.Activation;
import ottla.controller.decide.ControllerSettings;
import ottla.controller.decide.PlainConfigRules;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.Feature;
import ottla.controller.image.FeatureLevels;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.MetadataVersion;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.Provenance;
import ottla.controller.quota.MutationQuotas;
import ottla.controller.quota.MutationRequest;
import ottla.controller.quota.QuotaClient;
import ottla.controller.quota.QuotaWindow;
import ottla.replication.io.MachineThread;
import ottla.replication.io.QuorumSnapshot;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.VersionedRecord;
import ottla.wire.message.AllocateProducerIdsRequest;
import ottla.wire.message.AlterClientQuotasRequest;
import ottla.wire.message.AlterPartitionRequest;
import ottla.wire.message.BrokerHeartbeatRequest;
import ottla.wire.message.BrokerHeartbeatResponse;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.BrokerRegistrationResponse;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.IncrementalAlterConfigsRequest;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.NoOpRecord;
import ottla.wire.message.metadata.TopicRecord;

class ControllerNodeTest {
    private static final Uuid DIRECTORY = new Uuid(77, 1000);

    private final AtomicLong clockMs = new AtomicLong(1_000_000);
    private final BlockingQueue<Published> published = new LinkedBlockingQueue<>();
    private final BlockingQueue<WrittenSnapshot> snapshots = new LinkedBlockingQueue<>();
    private final ControllerNode node = node(
            new ControllerNode.Timing(Duration.ZERO, 2000, Duration.ZERO, Duration.ofSeconds(3), Duration.ofSeconds(3)),
            ControllerSettings.of("cluster", 1));
    private final MemoryQuorum quorum = new MemoryQuorum(node, clockMs::get);

    private record Published(ImageDelta delta, ClusterImage image, Provenance at) {}

    private record WrittenSnapshot(Provenance at, List<VersionedRecord> records) {}

    private ControllerNode node(ControllerNode.Timing timing, ControllerSettings settings) {
        return new ControllerNode(
                settings,
                timing,
                new PlainConfigRules(),
                Activation.bootstrap(MetadataVersion.LATEST),
                (at, records) -> {
                    List<VersionedRecord> copy = new ArrayList<>();
                    records.forEach(copy::add);
                    snapshots.add(new WrittenSnapshot(at, copy));
                    return CompletableFuture.completedStage(null);
                },
                QuorumFeature.fixed(0),
                clockMs::get,
                new Random(1),
                new MachineThread("controller", clockMs::get));
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void aNewClusterBeginsWithItsBootstrapRecords() throws InterruptedException {
        node.addListener((delta, image, at) -> published.add(new Published(delta, image, at)));
        quorum.lead();
        Published first = published.poll(10, TimeUnit.SECONDS);
        assertThat(first).isNotNull();
        assertThat(first.image().metadataVersion()).isEqualTo(MetadataVersion.LATEST);
        assertThat(first.image().elrEnabled()).isTrue();
        assertThat(node.image()).isSameAs(first.image());
        assertThat(node.activeEpoch()).isEqualTo(OptionalInt.of(1));
    }

    @Test
    void nobodyButTheActiveControllerDecides() throws Exception {
        CreateTopicsResponse refused = get(node.requests().createTopics(topic("t", 1)));
        assertThat(refused.topics().getFirst().errorCode()).isEqualTo(ErrorCode.NOT_CONTROLLER.code());
    }

    @Test
    void whoeverIsAnsweredFindsWhatHeDidInTheImage() throws Exception {
        ready();
        CreateTopicsResponse created = get(node.requests().createTopics(topic("t", 3)));
        assertThat(created.topics().getFirst().errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(node.image().topic("t").orElseThrow().partitionCount()).isEqualTo(3);
        assertThat(created.topics().getFirst().topicId())
                .isEqualTo(node.image().topic("t").orElseThrow().id());
    }

    @Test
    void anAnswerWaitsForTheCommit() throws Exception {
        ready();
        quorum.commits(MemoryQuorum.Commit.WHEN_TOLD);
        CompletionStage<CreateTopicsResponse> first = node.requests().createTopics(topic("t", 1));
        CompletionStage<CreateTopicsResponse> again = node.requests().createTopics(topic("t", 1));
        awaitLoop();
        assertThat(first.toCompletableFuture()).isNotDone();
        assertThat(again.toCompletableFuture()).isNotDone();
        assertThat(node.image().topic("t")).isEmpty();
        quorum.commits(MemoryQuorum.Commit.AT_ONCE);
        assertThat(get(first).topics().getFirst().errorCode()).isEqualTo(ErrorCode.NONE.code());
        assertThat(get(again).topics().getFirst().errorCode()).isEqualTo(ErrorCode.TOPIC_ALREADY_EXISTS.code());
    }

    @Test
    void whatNeverCommittedIsTakenBack() throws Exception {
        ready();
        quorum.commits(MemoryQuorum.Commit.WHEN_TOLD);
        CompletionStage<CreateTopicsResponse> lost = node.requests().createTopics(topic("t", 1));
        awaitLoop();
        quorum.resign();
        assertThat(get(lost).topics().getFirst().errorCode()).isEqualTo(ErrorCode.NOT_CONTROLLER.code());
        quorum.commits(MemoryQuorum.Commit.AT_ONCE);
        quorum.lead();
        assertThat(get(node.requests().createTopics(topic("t", 1)))
                        .topics()
                        .getFirst()
                        .errorCode())
                .isEqualTo(ErrorCode.NONE.code());
        assertThat(quorum.records().stream()
                        .filter(one -> one.record() instanceof TopicRecord)
                        .count())
                .isEqualTo(1);
    }

    /** The time that the client is told is what is left of it when it is told. */
    @Test
    void quotasCountWhatIsDecided() throws Exception {
        ready();
        List<AlterClientQuotasRequest.EntityData> anna =
                List.of(new AlterClientQuotasRequest.EntityData("user", "anna"));
        get(node.requests()
                .alterClientQuotas(
                        AlterClientQuotasRequest.DEFAULT.withEntries(List.of(new AlterClientQuotasRequest.EntryData(
                                anna, List.of(new AlterClientQuotasRequest.OpData(MutationQuotas.KEY, 1, false))))),
                        Set.of()));
        MutationRequest strict =
                new MutationRequest(new QuotaClient("anna", "shell"), MutationRequest.Enforcement.STRICT);
        assertThat(get(node.requests().createTopics(topic("a", 16), strict)).throttleTimeMs())
                .isZero();
        CreateTopicsResponse refused = get(node.requests().createTopics(topic("b", 1), strict));
        assertThat(refused.topics().getFirst().errorCode()).isEqualTo(ErrorCode.THROTTLING_QUOTA_EXCEEDED.code());
        assertThat(refused.throttleTimeMs()).isEqualTo(5_000);
        assertThat(get(node.requests().createTopics(topic("c", 1)))
                        .topics()
                        .getFirst()
                        .errorCode())
                .as("wanted by the node itself")
                .isEqualTo(ErrorCode.NONE.code());

        quorum.commits(MemoryQuorum.Commit.WHEN_TOLD);
        MutationRequest permissive = new MutationRequest(strict.client(), MutationRequest.Enforcement.PERMISSIVE);
        CompletionStage<CreateTopicsResponse> held = node.requests().createTopics(topic("d", 1), permissive);
        awaitLoop();
        clockMs.addAndGet(2_000);
        quorum.commits(MemoryQuorum.Commit.AT_ONCE);
        assertThat(get(held).throttleTimeMs()).isEqualTo(4_000);
        clockMs.addAndGet(4_000);
        assertThat(get(node.requests().createTopics(topic("b", 1), strict))
                        .topics()
                        .getFirst()
                        .errorCode())
                .isEqualTo(ErrorCode.NONE.code());
    }

    @Test
    void imagesArePublishedInOrderAndWithoutGaps() throws Exception {
        node.addListener((delta, image, at) -> published.add(new Published(delta, image, at)));
        ready();
        for (int i = 0; i < 20; i++) {
            node.requests().createTopics(topic("t" + i, 2));
        }
        get(node.requests().createTopics(topic("last", 1)));
        awaitLoop();
        ClusterImage rebuilt = ClusterImage.EMPTY;
        long lastOffset = -1;
        for (Published step : published) {
            assertThat(step.delta().base()).isEqualTo(rebuilt);
            assertThat(step.at().lastOffset()).isGreaterThan(lastOffset);
            rebuilt = step.delta().toImage();
            assertThat(rebuilt).isEqualTo(step.image());
            lastOffset = step.at().lastOffset();
        }
        assertThat(rebuilt.topics().size()).isEqualTo(21);
    }

    @Test
    void aBrokerLivesThroughRegistrationUnfencingAndControlledShutdown() throws Exception {
        quorum.lead();
        BrokerRegistrationResponse registered = get(node.requests().registerBroker(registration(new Uuid(1, 1))));
        assertThat(registered.errorCode()).isEqualTo(ErrorCode.NONE.code());
        long epoch = registered.brokerEpoch();
        assertThat(node.image().broker(1).orElseThrow().fenced()).isTrue();
        assertThat(get(node.requests().createTopics(topic("early", 1)))
                        .topics()
                        .getFirst()
                        .errorCode())
                .isEqualTo(ErrorCode.INVALID_REPLICATION_FACTOR.code());

        BrokerHeartbeatResponse behind = get(node.requests().heartbeat(heartbeat(epoch, epoch - 1)));
        assertThat(behind.isFenced()).isTrue();
        assertThat(behind.isCaughtUp()).isFalse();
        BrokerHeartbeatResponse caughtUp = get(node.requests().heartbeat(heartbeat(epoch, epoch)));
        assertThat(caughtUp.isFenced()).isFalse();
        assertThat(get(node.requests().createTopics(topic("t", 1)))
                        .topics()
                        .getFirst()
                        .errorCode())
                .isEqualTo(ErrorCode.NONE.code());
        assertThat(partition("t").leader()).isEqualTo(1);

        BrokerHeartbeatRequest stopping = heartbeat(epoch, quorum.endOffset()).withWantShutDown(true);
        assertThat(get(node.requests().heartbeat(stopping)).shouldShutDown()).isFalse();
        assertThat(partition("t").leader()).isEqualTo(PartitionRegistration.NO_LEADER);
        assertThat(partition("t").elr()).containsExactly(1);
        assertThat(get(node.requests().heartbeat(stopping)).shouldShutDown()).isTrue();
        assertThat(node.image().broker(1).orElseThrow().fenced()).isTrue();

        long second = get(node.requests()
                        .registerBroker(registration(new Uuid(1, 2)).withPreviousBrokerEpoch(epoch)))
                .brokerEpoch();
        assertThat(second).isGreaterThan(epoch);
        assertThat(get(node.requests().heartbeat(heartbeat(epoch, 1_000_000))).errorCode())
                .isEqualTo(ErrorCode.STALE_BROKER_EPOCH.code());
        get(node.requests().heartbeat(heartbeat(second, quorum.endOffset())));
        assertThat(partition("t").leader()).isEqualTo(1);
        assertThat(partition("t").isr()).containsExactly(1);
        assertThat(partition("t").elr()).isEmpty();
    }

    @Test
    void aSilentBrokerIsFencedWhenItsSessionEnds() throws Exception {
        long epoch = ready();
        get(node.requests().createTopics(topic("t", 1)));
        node.addListener((delta, image, at) -> {
            if (!image.isUnfenced(1)) {
                published.add(new Published(delta, image, at));
            }
        });
        clockMs.addAndGet(20_000);
        get(node.requests().allocateProducerIds(new AllocateProducerIdsRequest(1, epoch)));
        assertThat(published.poll(10, TimeUnit.SECONDS)).isNotNull();
        assertThat(partition("t").leader()).isEqualTo(PartitionRegistration.NO_LEADER);
    }

    @Test
    void leadershipGoesBackByItselfAndToWhoeverIsLeft() throws Exception {
        long first = ready();
        long second = get(node.requests()
                        .registerBroker(
                                registration(new Uuid(1, 2)).withBrokerId(2).withLogDirs(List.of(new Uuid(77, 2000)))))
                .brokerEpoch();
        BrokerHeartbeatRequest ofSecond = heartbeat(second, quorum.endOffset()).withBrokerId(2);
        get(node.requests().heartbeat(ofSecond));
        get(node.requests()
                .createTopics(CreateTopicsRequest.DEFAULT.withTopics(
                        List.of(assigned("back", List.of(1, 2)), assigned("left", List.of(2, 1))))));
        BrokerHeartbeatRequest ofFirst = heartbeat(first, quorum.endOffset());
        get(node.requests().heartbeat(ofFirst.withWantFence(true)));
        get(node.requests().heartbeat(ofFirst));
        assertThat(partition("back").leader()).isEqualTo(2);
        get(node.requests().alterPartition(inSync("back", 2, second, first), 3));

        CountDownLatch balanced = when(() -> partition("back").leader() == 1);
        clockMs.addAndGet(3_000);
        get(node.requests().allocateProducerIds(new AllocateProducerIdsRequest(1, first)));
        assertThat(balanced.await(10, TimeUnit.SECONDS)).isTrue();

        // 1 is not in sync there and must not lead unless the topic's configuration says so
        get(node.requests().heartbeat(ofSecond.withWantFence(true)));
        assertThat(partition("left").leader()).isEqualTo(PartitionRegistration.NO_LEADER);
        get(node.requests()
                .incrementalAlterConfigs(IncrementalAlterConfigsRequest.DEFAULT.withResources(
                        List.of(new IncrementalAlterConfigsRequest.AlterConfigsResource(
                                (byte) 2,
                                "left",
                                List.of(new IncrementalAlterConfigsRequest.AlterableConfig(
                                        "unclean.leader.election.enable", (byte) 0, "true")))))));
        CountDownLatch elected = when(() -> partition("left").leader() == 1);
        clockMs.addAndGet(3_000);
        get(node.requests().allocateProducerIds(new AllocateProducerIdsRequest(1, first)));
        assertThat(elected.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(partition("left").leaderRecovery()).isEqualTo(PartitionRegistration.LeaderRecovery.RECOVERING);
    }

    private CountDownLatch when(BooleanSupplier condition) {
        CountDownLatch reached = new CountDownLatch(1);
        node.addListener((delta, image, at) -> {
            if (condition.getAsBoolean()) {
                reached.countDown();
            }
        });
        return reached;
    }

    private static CreateTopicsRequest.CreatableTopic assigned(String name, List<Integer> replicas) {
        return CreateTopicsRequest.CreatableTopic.DEFAULT
                .withName(name)
                .withNumPartitions(-1)
                .withReplicationFactor((short) -1)
                .withAssignments(List.of(new CreateTopicsRequest.CreatableReplicaAssignment(0, replicas)));
    }

    private AlterPartitionRequest inSync(String topic, int leader, long leadersEpoch, long othersEpoch) {
        PartitionRegistration partition = partition(topic);
        return AlterPartitionRequest.DEFAULT
                .withBrokerId(leader)
                .withBrokerEpoch(leadersEpoch)
                .withTopics(List.of(new AlterPartitionRequest.TopicData(
                        node.image().topic(topic).orElseThrow().id(),
                        List.of(AlterPartitionRequest.PartitionData.DEFAULT
                                .withLeaderEpoch(partition.leaderEpoch())
                                .withPartitionEpoch(partition.partitionEpoch())
                                .withNewIsrWithEpochs(List.of(
                                        new AlterPartitionRequest.BrokerState(leader, leadersEpoch),
                                        new AlterPartitionRequest.BrokerState(1, othersEpoch)))))));
    }

    @Test
    void anotherIncarnationWaitsForTheSessionToEnd() throws Exception {
        ready();
        assertThat(get(node.requests().registerBroker(registration(new Uuid(9, 9))))
                        .errorCode())
                .isEqualTo(ErrorCode.DUPLICATE_BROKER_REGISTRATION.code());
        clockMs.addAndGet(9_001);
        assertThat(get(node.requests().registerBroker(registration(new Uuid(9, 9))))
                        .errorCode())
                .isEqualTo(ErrorCode.NONE.code());
    }

    @Test
    void theOwnBrokerOfAKilledProcessNeedNotWait() throws Exception {
        ControllerSettings combined = new ControllerSettings(
                "cluster",
                1,
                OptionalInt.of(1),
                1,
                1,
                1,
                9000,
                ControllerSettings.TopicDeletion.ALLOWED,
                ControllerSettings.UncleanElection.FORBIDDEN,
                QuotaWindow.DEFAULT,
                FeatureLevels.STABLE);
        ready();
        get(node.requests().createTopics(topic("t", 1)));
        try (ControllerNode restarted = node(ControllerNode.Timing.NEVER, combined)) {
            MemoryQuorum reopened = new MemoryQuorum(restarted, clockMs::get);
            reopened.reopen(quorum);
            reopened.lead();
            BrokerRegistrationResponse again = get(restarted.requests().registerBroker(registration(new Uuid(9, 9))));
            assertThat(again.errorCode()).isEqualTo(ErrorCode.NONE.code());
            assertThat(restarted
                            .image()
                            .topics()
                            .partition("t", 0)
                            .orElseThrow()
                            .leader())
                    .isEqualTo(PartitionRegistration.NO_LEADER);
            get(restarted.requests().heartbeat(heartbeat(again.brokerEpoch(), reopened.endOffset())));
            PartitionRegistration partition =
                    restarted.image().topics().partition("t", 0).orElseThrow();
            assertThat(partition.leader()).isEqualTo(1);
            assertThat(partition.leaderRecovery()).isEqualTo(PartitionRegistration.LeaderRecovery.RECOVERING);
            assertThat(get(restarted.requests().registerBroker(registration(new Uuid(9, 10))))
                            .errorCode())
                    .isEqualTo(ErrorCode.DUPLICATE_BROKER_REGISTRATION.code());
        }
    }

    @Test
    void producerIdsAreGivenOnce() throws Exception {
        long epoch = ready();
        AllocateProducerIdsRequest request = new AllocateProducerIdsRequest(1, epoch);
        assertThat(get(node.requests().allocateProducerIds(request)).producerIdStart())
                .isEqualTo(0);
        assertThat(get(node.requests().allocateProducerIds(request)).producerIdStart())
                .isEqualTo(1000);
        assertThat(get(node.requests().allocateProducerIds(request.withBrokerEpoch(epoch + 1)))
                        .errorCode())
                .isEqualTo(ErrorCode.STALE_BROKER_EPOCH.code());
    }

    @Test
    void aSnapshotIsWrittenAfterEnoughBytesAndGivesTheSameImage() throws Exception {
        ready();
        get(node.requests().createTopics(topic("t", 30)));
        WrittenSnapshot snapshot = snapshots.poll(10, TimeUnit.SECONDS);
        assertThat(snapshot).isNotNull();
        List<MetadataRecord> records =
                snapshot.records().stream().map(VersionedRecord::record).toList();
        try (ControllerNode other = node(ControllerNode.Timing.NEVER, ControllerSettings.of("cluster", 2))) {
            BlockingQueue<ClusterImage> loaded = new LinkedBlockingQueue<>();
            other.addListener((delta, image, at) -> loaded.add(image));
            other.onSnapshot(snapshot(snapshot.at().endOffset(), records));
            ClusterImage image = loaded.poll(10, TimeUnit.SECONDS);
            assertThat(image).isNotNull();
            assertThat(image.toRecords()).containsExactlyElementsOf(records);
        }
    }

    @Test
    void anIdleControllerMovesTheLog() throws Exception {
        try (ControllerNode idle = node(
                new ControllerNode.Timing(Duration.ofMillis(5), 0, Duration.ZERO, Duration.ZERO, Duration.ZERO),
                ControllerSettings.of("cluster", 1))) {
            MemoryQuorum log = new MemoryQuorum(idle, clockMs::get);
            log.lead();
            // the clock stands still: nothing is idle for long enough, whatever is asked
            get(idle.requests().allocateProducerIds(new AllocateProducerIdsRequest(1, 1)));
            assertThat(log.records()).noneMatch(record -> record.record() instanceof NoOpRecord);
            clockMs.addAndGet(50);
            // the loop looks at its timers between requests, sooner or later
            long deadlineNs = System.nanoTime() + Duration.ofSeconds(10).toNanos();
            while (log.records().stream().noneMatch(record -> record.record() instanceof NoOpRecord)) {
                get(idle.requests().allocateProducerIds(new AllocateProducerIdsRequest(1, 1)));
                assertThat(System.nanoTime()).as("the idle record is written").isLessThan(deadlineNs);
            }
        }
    }

    /** The node leads, and broker 1 is registered and unfenced; the answer is its epoch. */
    private long ready() throws Exception {
        quorum.lead();
        long epoch = get(node.requests().registerBroker(registration(new Uuid(1, 1))))
                .brokerEpoch();
        get(node.requests().heartbeat(heartbeat(epoch, quorum.endOffset())));
        return epoch;
    }

    private PartitionRegistration partition(String topic) {
        return node.image().topics().partition(topic, 0).orElseThrow();
    }

    /** Everything that was given to the node before has been carried out. */
    private void awaitLoop() throws InterruptedException {
        CountDownLatch reached = new CountDownLatch(2);
        node.addListener((delta, image, at) -> {});
        node.addListener((delta, image, at) -> reached.countDown());
        node.addListener((delta, image, at) -> reached.countDown());
        assertThat(reached.await(10, TimeUnit.SECONDS)).isTrue();
    }

    private static BrokerRegistrationRequest registration(Uuid incarnation) {
        return BrokerRegistrationRequest.DEFAULT
                .withBrokerId(1)
                .withClusterId("cluster")
                .withIncarnationId(incarnation)
                .withLogDirs(List.of(DIRECTORY))
                .withListeners(List.of(new BrokerRegistrationRequest.Listener("PLAINTEXT", "h", 9092, (short) 0)))
                .withFeatures(Feature.byName().stream()
                        .map(feature -> new BrokerRegistrationRequest.Feature(
                                feature.featureName(), feature.minLevel(), feature.maxLevel()))
                        .toList());
    }

    private static BrokerHeartbeatRequest heartbeat(long epoch, long metadataOffset) {
        return BrokerHeartbeatRequest.DEFAULT
                .withBrokerId(1)
                .withBrokerEpoch(epoch)
                .withCurrentMetadataOffset(metadataOffset);
    }

    private static CreateTopicsRequest topic(String name, int partitions) {
        return CreateTopicsRequest.DEFAULT.withTopics(List.of(CreateTopicsRequest.CreatableTopic.DEFAULT
                .withName(name)
                .withNumPartitions(partitions)
                .withReplicationFactor((short) 1)));
    }

    private static QuorumSnapshot snapshot(long endOffset, List<MetadataRecord> records) {
        return new QuorumSnapshot() {
            @Override
            public SnapshotId id() {
                return new SnapshotId(endOffset, 1);
            }

            @Override
            public long lastContainedTimeMs() {
                return 1;
            }

            @Override
            public void forEachBatch(Consumer<List<MetadataRecord>> receiver) {
                receiver.accept(records);
            }
        };
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
}
