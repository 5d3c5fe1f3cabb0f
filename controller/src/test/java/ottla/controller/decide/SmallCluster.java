package ottla.controller.decide;

import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import ottla.base.Uuid;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.Feature;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.MetadataVersion;
import ottla.controller.image.PartitionRegistration;
import ottla.replication.machine.Decision;
import ottla.wire.message.BrokerHeartbeatRequest;
import ottla.wire.message.BrokerHeartbeatResponse;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.BrokerRegistrationResponse;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.metadata.MetadataRecord;

/** A cluster that consists of decisions only: each is applied at once. */
final class SmallCluster {
    final ControllerSettings settings = ControllerSettings.of("cluster", 100);
    final Liveness liveness = new Liveness(settings.sessionTimeoutMs());
    final BrokerHeartbeats.ShutdownOffsets shutdownOffsets = new BrokerHeartbeats.ShutdownOffsets();
    private final Random random = new Random(1);
    private ClusterImage image = ClusterImage.EMPTY;
    private long endOffset;
    private long nextId = 1000;

    /** Brokers from 0, all unfenced. */
    SmallCluster(int brokers) {
        apply(Activation.firstRecords(Activation.bootstrap(MetadataVersion.LATEST), settings));
        for (int id = 0; id < brokers; id++) {
            long epoch = register(id).brokerEpoch();
            heartbeat(BrokerHeartbeatRequest.DEFAULT
                    .withBrokerId(id)
                    .withBrokerEpoch(epoch)
                    .withCurrentMetadataOffset(endOffset));
        }
    }

    ClusterFacts facts() {
        return new ClusterFacts(image, settings, new PlainConfigRules());
    }

    ClusterImage image() {
        return image;
    }

    long endOffset() {
        return endOffset;
    }

    <A> A apply(Decision<MetadataRecord, A> decision) {
        apply(decision.records());
        return decision.answer();
    }

    private void apply(List<MetadataRecord> records) {
        ImageDelta delta = new ImageDelta(image);
        records.forEach(delta::apply);
        image = delta.toImage();
        endOffset += records.size();
    }

    BrokerRegistrationResponse register(int id) {
        return register(id, features(MetadataVersion.LATEST.level()));
    }

    BrokerRegistrationResponse register(int id, List<BrokerRegistrationRequest.Feature> features) {
        BrokerRegistrationRequest request = BrokerRegistrationRequest.DEFAULT
                .withBrokerId(id)
                .withClusterId("cluster")
                .withIncarnationId(newId().get())
                .withRack("rack-" + id % 3)
                .withLogDirs(List.of(new Uuid(50, 1000 + id)))
                .withFeatures(features);
        return apply(new BrokerRegistrations(facts(), liveness, shutdownOffsets).register(request, endOffset, 0));
    }

    /** What a broker of this version knows, but for how much of metadata.version. */
    static List<BrokerRegistrationRequest.Feature> features(int metadataVersionMax) {
        return Feature.byName().stream()
                .map(feature -> new BrokerRegistrationRequest.Feature(
                        feature.featureName(),
                        feature.minLevel(),
                        feature.featureName().equals(MetadataVersion.FEATURE)
                                ? (short) metadataVersionMax
                                : feature.maxLevel()))
                .toList();
    }

    BrokerHeartbeatResponse heartbeat(BrokerHeartbeatRequest request) {
        long registeredAt = request.brokerEpoch();
        return apply(new BrokerHeartbeats(facts(), liveness, shutdownOffsets)
                .heartbeat(request, registeredAt, endOffset, 0));
    }

    void fence(int id) {
        heartbeat(ofBroker(id).withWantFence(true));
    }

    BrokerHeartbeatRequest ofBroker(int id) {
        return BrokerHeartbeatRequest.DEFAULT
                .withBrokerId(id)
                .withBrokerEpoch(image.broker(id).orElseThrow().epoch())
                .withCurrentMetadataOffset(endOffset);
    }

    CreateTopicsResponse.CreatableTopicResult create(CreatableTopic... topics) {
        CreateTopicsRequest request = CreateTopicsRequest.DEFAULT.withTopics(List.of(topics));
        return apply(new TopicCreation(facts(), newId(), random).create(request, topic -> true))
                .topics()
                .getFirst();
    }

    /** A topic of one partition on these brokers, the first of which leads. */
    void create(String name, Integer... replicas) {
        create(CreatableTopic.DEFAULT
                .withName(name)
                .withNumPartitions(-1)
                .withReplicationFactor((short) -1)
                .withAssignments(List.of(new CreateTopicsRequest.CreatableReplicaAssignment(0, List.of(replicas)))));
    }

    PartitionRegistration partition(String topic) {
        return image.topics().partition(topic, 0).orElseThrow();
    }

    static CreatableTopic topic(String name, int partitions, int factor) {
        return CreatableTopic.DEFAULT
                .withName(name)
                .withNumPartitions(partitions)
                .withReplicationFactor((short) factor);
    }

    static List<Integer> ids(int end) {
        return IntStream.range(0, end).boxed().toList();
    }

    Random random() {
        return random;
    }

    Supplier<Uuid> newId() {
        return () -> new Uuid(60, nextId++);
    }
}
