package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionRequestData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData;
import org.apache.kafka.common.message.AssignReplicasToDirsRequestData;
import org.apache.kafka.common.message.BrokerHeartbeatRequestData;
import org.apache.kafka.common.message.BrokerRegistrationRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.controller.KafkaController;
import org.apache.kafka.controller.KafkaController.Decided;
import org.apache.kafka.metadata.BrokerHeartbeatReply;
import org.apache.kafka.metadata.VersionRange;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import ottla.base.Uuid;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.Feature;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.KafkaRecords;
import ottla.controller.image.MetadataVersion;
import ottla.replication.machine.Decision;
import ottla.wire.message.AlterClientQuotasRequest;
import ottla.wire.message.AlterClientQuotasResponse;
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
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.ElectLeadersRequest;
import ottla.wire.message.ElectLeadersResponse;
import ottla.wire.message.ListPartitionReassignmentsRequest;
import ottla.wire.message.ListPartitionReassignmentsResponse;
import ottla.wire.message.UnregisterBrokerRequest;
import ottla.wire.message.UnregisterBrokerResponse;
import ottla.wire.message.UpdateFeaturesRequest;
import ottla.wire.message.UpdateFeaturesResponse;
import ottla.wire.message.metadata.BrokerRegistrationChangeRecord;
import ottla.wire.message.metadata.FeatureLevelRecord;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.PartitionChangeRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord;
import ottla.wire.primitive.Message;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/**
 * This project's controller and Kafka's in the same state. Each request is decided by both; decisions and answers must be equal.
 * Then both replay what was decided.
 */
final class BothControllers {
    private static final Pattern OWN_WORDS =
            Pattern.compile("(Ignoring duplicate entity|Invalid quota entity combination).*");

    private final ControllerSettings settings = ControllerSettings.of("cluster", 100);
    private final Liveness liveness = new Liveness(settings.sessionTimeoutMs());
    private final BrokerHeartbeats.ShutdownOffsets shutdownOffsets = new BrokerHeartbeats.ShutdownOffsets();
    private final Map<Integer, Long> registeredAt = new HashMap<>();
    private final KafkaController kafka;
    private final Random random = new Random(1);
    private ClusterImage image = ClusterImage.EMPTY;
    private long endOffset;
    private long nextId = 1000;
    private String moment = "";
    private boolean kafkaFailed;

    BothControllers(PartitionChange.Elr elr) {
        Map<String, VersionRange> supported = new HashMap<>();
        Feature.byName()
                .forEach(feature ->
                        supported.put(feature.featureName(), VersionRange.of(feature.minLevel(), feature.maxLevel())));
        kafka = new KafkaController("cluster", supported);
        boolean enabled = elr == PartitionChange.Elr.ENABLED;
        List<MetadataRecord> first = new ArrayList<>(Activation.bootstrap(MetadataVersion.LATEST));
        if (enabled) {
            first.addAll(Activation.elrSafety(image, settings));
        } else {
            first.removeIf(record -> record instanceof FeatureLevelRecord feature
                    && feature.name().equals(ClusterImage.ELR_FEATURE));
        }
        replay(first);
        assertThat(image.elrEnabled()).isEqualTo(enabled);
    }

    /** Where the story is, for the words of a failure. */
    void at(String where) {
        moment = where;
    }

    ClusterImage image() {
        return image;
    }

    long endOffset() {
        return endOffset;
    }

    /**
     * One decision may change a partition twice, each time from the state before: a broker that comes back and tells of a lost
     * directory in one heartbeat, or a directory assignment that ends a reassignment. Then somebody leads who is not in sync, or not
     * even a replica. Both controllers decide so; what Kafka makes of such a partition later depends on its indexes.
     */
    boolean hasStrangeLeader() {
        return image.topics().all().stream()
                .flatMap(topic -> topic.partitions().stream())
                .anyMatch(partition -> partition.hasLeader()
                        && !(partition.isr().contains(partition.leader())
                                && partition.replicas().contains(partition.leader())));
    }

    private ClusterFacts facts() {
        return new ClusterFacts(image, settings, new PlainConfigRules());
    }

    void register(int id, Uuid incarnation, List<Uuid> directories, long previousEpoch) {
        BrokerRegistrationRequest request = BrokerRegistrationRequest.DEFAULT
                .withBrokerId(id)
                .withClusterId("cluster")
                .withIncarnationId(incarnation)
                .withRack("rack-" + id % 3)
                .withPreviousBrokerEpoch(previousEpoch)
                .withLogDirs(directories)
                .withListeners(
                        List.of(new BrokerRegistrationRequest.Listener("PLAINTEXT", "127.0.0.1", 9000 + id, (short) 0)))
                .withFeatures(SmallCluster.features(MetadataVersion.LATEST.level()));
        long epoch = endOffset;
        Decision<MetadataRecord, BrokerRegistrationResponse> ours =
                new BrokerRegistrations(facts(), liveness, shutdownOffsets).register(request, epoch, 0);
        Decided<BrokerRegistrationResponse> kafkas = attempt(
                () -> {
                    Decided<Long> decided =
                            kafka.register(kafkas(request, new BrokerRegistrationRequestData(), 4), epoch);
                    return new Decided<>(
                            decided.records(), BrokerRegistrationResponse.DEFAULT.withBrokerEpoch(decided.answer()));
                },
                error -> BrokerRegistrationResponse.DEFAULT.withErrorCode(error.code()));
        // here, whoever comes after a broker that stopped in good order need not wait for the end of that one's session
        boolean sooner = image.broker(id)
                        .filter(BrokerRegistration::inControlledShutdown)
                        .isPresent()
                && kafkas.answer().errorCode() == Errors.DUPLICATE_BROKER_REGISTRATION.code();
        if (!sooner) {
            assertSame(request, ours, kafkas);
        }
        replay(ours.records());
    }

    void heartbeat(BrokerHeartbeatRequest request) {
        int id = request.brokerId();
        boolean wasStopping = shutdownOffsets.has(id);
        Decision<MetadataRecord, BrokerHeartbeatResponse> ours = new BrokerHeartbeats(
                        facts(), liveness, shutdownOffsets)
                .heartbeat(request, registeredAt.getOrDefault(id, Long.MAX_VALUE), endOffset, 0);
        Decided<BrokerHeartbeatResponse> kafkas = attempt(
                () -> {
                    Decided<BrokerHeartbeatReply> decided =
                            kafka.heartbeat(kafkas(request, new BrokerHeartbeatRequestData(), 1));
                    BrokerHeartbeatReply reply = decided.answer();
                    // Kafka has a broker that stops wait for what was written up to its last heartbeat, not its first
                    if (reply.inControlledShutdown() && !wasStopping) {
                        kafka.inControlledShutdown(
                                id, endOffset + decided.records().size() - 1);
                    }
                    return new Decided<>(
                            decided.records(),
                            BrokerHeartbeatResponse.DEFAULT
                                    .withIsCaughtUp(reply.isCaughtUp())
                                    .withIsFenced(reply.isFenced())
                                    .withShouldShutDown(reply.shouldShutDown()));
                },
                error -> BrokerHeartbeatResponse.DEFAULT.withErrorCode(error.code()));
        // Kafka forgets how far a broker has read when that is unfenced, and then lets others stop a heartbeat later
        boolean sooner = wasStopping
                && ours.answer().shouldShutDown()
                && !kafkas.answer().shouldShutDown();
        if (!sooner) {
            assertSame(request, ours, kafkas);
        }
        replay(ours.records());
    }

    void unregister(UnregisterBrokerRequest request) {
        Decision<MetadataRecord, UnregisterBrokerResponse> ours =
                new BrokerRegistrations(facts(), liveness, shutdownOffsets).unregister(request);
        Decided<UnregisterBrokerResponse> kafkas = attempt(
                () -> new Decided<>(kafka.unregister(request.brokerId()).records(), UnregisterBrokerResponse.DEFAULT),
                error -> UnregisterBrokerResponse.DEFAULT
                        .withErrorCode(error.code())
                        .withErrorMessage(ours.answer().errorMessage()));
        assertSame(request, ours, kafkas);
        replay(ours.records());
    }

    /** Topics are no part of the comparison here, only what becomes of them. */
    void create(CreateTopicsRequest request) {
        Supplier<Uuid> newId = () -> new Uuid(60, nextId++);
        replay(new TopicCreation(facts(), newId, random)
                .create(request, topic -> true)
                .records());
    }

    void alterPartition(AlterPartitionRequest request) {
        both(
                request,
                new IsrChanges(facts()).alter(request, 3),
                attempt(
                        () -> answered(
                                kafka.alterPartition(kafkas(request, new AlterPartitionRequestData(), 3), (short) 3),
                                AlterPartitionResponse::read,
                                3),
                        error -> AlterPartitionResponse.DEFAULT.withErrorCode(error.code())));
    }

    void reassign(AlterPartitionReassignmentsRequest request) {
        if (request.topics().isEmpty()) {
            return;
        }
        Decided<AlterPartitionReassignmentsResponse> kafkas = answered(
                kafka.reassign(kafkas(request, new AlterPartitionReassignmentsRequestData(), 1)),
                AlterPartitionReassignmentsResponse::read,
                1);
        // the same failure as in attempt, which Kafka tells for the partition here
        kafkaFailed = hasFailed(kafkas.answer());
        both(request, new Reassignments(facts()).alter(request), kafkas);
    }

    private static boolean hasFailed(AlterPartitionReassignmentsResponse kafkas) {
        return kafkas.responses().stream()
                .flatMap(topic -> topic.partitions().stream())
                .anyMatch(partition -> partition.errorCode() == Errors.UNKNOWN_SERVER_ERROR.code());
    }

    void list(ListPartitionReassignmentsRequest request) {
        ListPartitionReassignmentsResponse ours = new Reassignments(facts()).list(request);
        ApiMessage kafkas = kafka.list(kafkas(request, new ListPartitionReassignmentsRequestData(), 0));
        ListPartitionReassignmentsResponse theirs = ours(kafkas, ListPartitionReassignmentsResponse::read, 0);
        assertThat(inOrder(ours)).as("%s: %s", moment, request).isEqualTo(inOrder(theirs));
    }

    void elect(ElectLeadersRequest request) {
        List<ElectLeadersRequest.TopicPartitions> asked = request.topicPartitions();
        if (asked != null && asked.isEmpty()) {
            return;
        }
        Decision<MetadataRecord, ElectLeadersResponse> ours = new LeaderElections(facts()).elect(request);
        Decided<ElectLeadersResponse> kafkas = attempt(
                () -> answered(
                        kafka.elect(kafkas(request, new ElectLeadersRequestData(), 2)), ElectLeadersResponse::read, 2),
                error -> ElectLeadersResponse.DEFAULT.withErrorCode(error.code()));
        both(
                request,
                new Decision<>(ours.records(), inOrder(ours.answer())),
                new Decided<>(kafkas.records(), inOrder(kafkas.answer())));
    }

    void alter(AlterClientQuotasRequest request) {
        Decision<MetadataRecord, AlterClientQuotasResponse> ours =
                new ClientQuotaChanges(image, Set.of()).alter(request);
        Decided<AlterClientQuotasResponse> kafkas = answered(
                kafka.alter(kafkas(request, new AlterClientQuotasRequestData(), 1)),
                AlterClientQuotasResponse::read,
                1);
        both(
                request,
                new Decision<>(ours.records(), comparable(ours.answer())),
                new Decided<>(kafkas.records(), comparable(kafkas.answer())));
    }

    void alter(AlterUserScramCredentialsRequest request) {
        Decision<MetadataRecord, AlterUserScramCredentialsResponse> ours =
                new ScramCredentialChanges(image).alter(request);
        Decided<AlterUserScramCredentialsResponse> kafkas = answered(
                kafka.alter(kafkas(request, new AlterUserScramCredentialsRequestData(), 0)),
                AlterUserScramCredentialsResponse::read,
                0);
        both(
                request,
                new Decision<>(ours.records(), comparable(ours.answer())),
                new Decided<>(kafkas.records(), comparable(kafkas.answer())));
    }

    void update(UpdateFeaturesRequest request) {
        Decided<ApiError> decided = kafka.update(kafkas(request, new UpdateFeaturesRequestData(), 2));
        Optional<String> words =
                Optional.of(decided.answer()).filter(ApiError::isFailure).map(ApiError::message);
        both(
                request,
                new FeatureUpdates(facts(), (short) 1).update(request, 2),
                new Decided<>(
                        decided.records(),
                        words.isEmpty()
                                ? UpdateFeaturesResponse.DEFAULT
                                : UpdateFeaturesResponse.DEFAULT
                                        .withErrorCode(decided.answer().error().code())
                                        .withErrorMessage(
                                                "The update failed for all features since the following feature had an error: "
                                                        + words.get())));
    }

    void balance() {
        both("balance", new LeaderElections(facts()).balance(), more(kafka::balance));
    }

    void electUncleanly() {
        both("electUncleanly", new LeaderElections(facts()).electUncleanly(), more(kafka::electUncleanly));
    }

    void assign(AssignReplicasToDirsRequest request) {
        both(
                request,
                new DirectoryAssignment(facts()).assign(request),
                attempt(
                        () -> answered(
                                kafka.assign(kafkas(request, new AssignReplicasToDirsRequestData(), 0)),
                                AssignReplicasToDirsResponse::read,
                                0),
                        error -> AssignReplicasToDirsResponse.DEFAULT.withErrorCode(error.code())));
    }

    private <A> void both(Object request, Decision<MetadataRecord, A> ours, Decided<A> kafkas) {
        assertSame(request, ours, kafkas);
        replay(ours.records());
    }

    private <A> void assertSame(Object request, Decision<MetadataRecord, A> ours, Decided<A> kafkas) {
        if (kafkaFailed) {
            kafkaFailed = false;
            return;
        }
        assertThat(ours.answer())
                .as("%s: the answer to %s in %s", moment, request, this)
                .isEqualTo(kafkas.answer());
        List<MetadataRecord> theirs = kafkas.records().stream()
                .map(KafkaRecords::fromKafka)
                .filter(record -> !changesNothing(record))
                .map(this::withoutStrangers)
                .toList();
        // Kafka's partitions come in the order of its hash tables
        assertThat(ours.records().stream()
                        .filter(record -> !changesNothing(record))
                        .toList())
                .as("%s: the records for %s in %s", moment, request, this)
                .map(BothControllers::comparable)
                .containsExactlyInAnyOrderElementsOf(
                        theirs.stream().map(BothControllers::comparable).toList());
    }

    /** Such as the fence of a fenced broker that asks to stop, or that a broker lost all its directories, which Kafka writes. */
    private boolean changesNothing(MetadataRecord record) {
        if (!(record instanceof BrokerRegistrationChangeRecord change)) {
            return false;
        }
        BrokerRegistration broker = image.broker(change.brokerId()).orElseThrow();
        ImageDelta delta = new ImageDelta(image);
        delta.apply(change);
        return delta.toImage().broker(broker.id()).orElseThrow().equals(broker);
    }

    private MetadataRecord withoutStrangers(MetadataRecord record) {
        return record instanceof PartitionChangeRecord change
                ? PartitionChangeModel.withoutStrangers(
                        change,
                        image.topics()
                                .partition(change.topicId(), change.partitionId())
                                .orElseThrow())
                : record;
    }

    /** The features of a broker are a set. */
    private static MetadataRecord comparable(MetadataRecord record) {
        return record instanceof RegisterBrokerRecord broker
                ? broker.withFeatures(broker.features().stream()
                        .sorted(Comparator.comparing(RegisterBrokerRecord.BrokerFeature::name))
                        .toList())
                : record;
    }

    private void replay(List<MetadataRecord> records) {
        ImageDelta delta = new ImageDelta(image);
        for (MetadataRecord record : records) {
            delta.apply(record);
            ApiMessageAndVersion kafkas = KafkaRecords.toKafka(record, MetadataVersion.LATEST);
            kafka.replay(kafkas.message(), endOffset);
            if (record instanceof RegisterBrokerRecord broker) {
                registeredAt.put(broker.brokerId(), endOffset);
            }
            endOffset++;
        }
        image = delta.toImage();
    }

    private <A> Decided<A> attempt(Supplier<Decided<A>> request, Function<Errors, A> refused) {
        try {
            return request.get();
        } catch (org.apache.kafka.common.errors.ApiException refusal) {
            return new Decided<>(List.of(), refused.apply(Errors.forException(refusal)));
        } catch (IllegalArgumentException failure) {
            // Kafka asks whether a broker may lead that has no replica yet, or no more, and fails at that
            assertThat(failure).hasMessageContaining("is not assigned to this partition");
            kafkaFailed = true;
            return new Decided<>(List.of(), refused.apply(Errors.UNKNOWN_SERVER_ERROR));
        }
    }

    private Decided<LeaderElections.Batch> more(Supplier<Decided<Boolean>> elections) {
        return attempt(
                () -> {
                    Decided<Boolean> kafkas = elections.get();
                    return new Decided<>(
                            kafkas.records(),
                            kafkas.answer() ? LeaderElections.Batch.MORE_TO_COME : LeaderElections.Batch.LAST);
                },
                error -> LeaderElections.Batch.LAST);
    }

    private static <K extends ApiMessage> K kafkas(Message ours, K empty, int version) {
        Writer writer = new Writer(256);
        ours.write(writer, version);
        empty.read(new ByteBufferAccessor(writer.toBuffer()), (short) version);
        return empty;
    }

    private static <A> Decided<A> answered(
            Decided<? extends ApiMessage> kafkas, BiFunction<Reader, Integer, A> read, int version) {
        return new Decided<>(kafkas.records(), ours(kafkas.answer(), read, version));
    }

    private static <A> A ours(ApiMessage kafkas, BiFunction<Reader, Integer, A> read, int version) {
        ByteBuffer bytes =
                MessageUtil.toByteBufferAccessor(kafkas, (short) version).buffer();
        return read.apply(new Reader(bytes), version);
    }

    /** Without names Kafka answers in the order of its hash tables. */
    private static ListPartitionReassignmentsResponse inOrder(ListPartitionReassignmentsResponse answer) {
        return answer.withTopics(answer.topics().stream()
                .map(topic -> topic.withPartitions(topic.partitions().stream()
                        .sorted(Comparator.comparing(Object::toString))
                        .toList()))
                .sorted(Comparator.comparing(Object::toString))
                .toList());
    }

    private static ElectLeadersResponse inOrder(ElectLeadersResponse answer) {
        return answer.withReplicaElectionResults(answer.replicaElectionResults().stream()
                .map(topic -> topic.withPartitionResult(topic.partitionResult().stream()
                        .sorted(Comparator.comparing(Object::toString))
                        .toList()))
                .sorted(Comparator.comparing(Object::toString))
                .toList());
    }

    /** Entities have no order, and what is wrong with several of them is said in words of our own. */
    private static AlterClientQuotasResponse comparable(AlterClientQuotasResponse answer) {
        return answer.withEntries(answer.entries().stream()
                .map(entry -> entry.withErrorMessage(
                                entry.errorMessage() == null
                                        ? null
                                        : OWN_WORDS
                                                .matcher(entry.errorMessage())
                                                .replaceFirst("$1"))
                        .withEntity(entry.entity().stream()
                                .sorted(Comparator.comparing(Object::toString))
                                .toList()))
                .sorted(Comparator.comparing(Object::toString))
                .toList());
    }

    /** Nor have users. */
    private static AlterUserScramCredentialsResponse comparable(AlterUserScramCredentialsResponse answer) {
        return answer.withResults(answer.results().stream()
                .sorted(Comparator.comparing(Object::toString))
                .toList());
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        image.brokers()
                .values()
                .forEach(broker -> text.append("\n  broker ")
                        .append(broker.id())
                        .append(broker.fenced() ? " fenced" : "")
                        .append(broker.inControlledShutdown() ? " stopping" : "")
                        .append(" epoch ")
                        .append(broker.epoch())
                        .append(" in ")
                        .append(broker.directories()));
        image.topics()
                .all()
                .forEach(topic -> topic.partitions()
                        .forEach(partition -> text.append("\n  ")
                                .append(topic.name())
                                .append(' ')
                                .append(partition)));
        return text.append('\n').toString();
    }
}
