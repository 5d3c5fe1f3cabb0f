package ottla.broker.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.broker.config.NodeConfig;
import ottla.broker.io.CommittedHistory.Place;
import ottla.controller.image.PartitionRegistration;
import ottla.replication.io.Replica;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableReplicaAssignment;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.DeleteTopicsRequest;
import ottla.wire.message.DeleteTopicsRequest.DeleteTopicState;
import ottla.wire.message.DeleteTopicsResponse;
import ottla.wire.message.DescribeQuorumRequest;
import ottla.wire.message.DescribeQuorumResponse;
import ottla.wire.message.ProduceRequest;
import ottla.wire.message.ProduceRequest.PartitionProduceData;
import ottla.wire.message.ProduceRequest.TopicProduceData;
import ottla.wire.message.ProduceResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchWriter;

/**
 * A cluster for a story that is told step by step: controllers 1 to 3, to which nothing happens, and one partition on the brokers 4
 * to 6, which 4 leads at first. Whoever is silent for three seconds is fenced; no replica is dropped for being slow.
 */
final class ReplicationScript {
    static final String TOPIC = "topic";
    static final int FIRST = 4;
    static final int SECOND = 5;
    static final int THIRD = 6;
    private static final List<NodeConfig> CONFIGS = configs();
    private static final int TIMEOUT_MS = 2_000;

    private final SimulatedCluster cluster;
    private Uuid topicId = Uuid.ZERO;

    private static List<NodeConfig> configs() {
        List<NodeConfig> configs = new ArrayList<>();
        for (int id = 1; id <= THIRD; id++) {
            configs.add(SimulatedNode.config(
                    id,
                    3,
                    Map.of(
                            "min.insync.replicas", "2",
                            "broker.session.timeout.ms", "3000",
                            "broker.heartbeat.interval.ms", "500",
                            "replica.lag.time.max.ms", "600000")));
        }
        return List.copyOf(configs);
    }

    ReplicationScript() {
        this(1);
    }

    /** @param seed decides how long everything takes, and what a disk loses */
    ReplicationScript(long seed) {
        cluster = new SimulatedCluster(new SplittableRandom(seed), CONFIGS);
        cluster.start();
        createTopic(TOPIC, FIRST, SECOND, THIRD);
        until("the topic is everywhere", cluster::isWhole);
        topicId = cluster.topic(TOPIC).orElseThrow().id();
        until("each replica knows its role", () -> replica(FIRST).isLeader() && isFollowing(SECOND, THIRD));
    }

    /** Makes a topic of one partition on these brokers, the first of which is to lead it. */
    void createTopic(String name, Integer... brokers) {
        CreatableReplicaAssignment assignment = new CreatableReplicaAssignment(0, List.of(brokers));
        cluster.change(
                "the topic is made",
                new CreateTopicsRequest(
                        List.of(new CreatableTopic(name, -1, (short) -1, List.of(assignment), List.of())),
                        30_000,
                        false),
                response -> ErrorCode.of(((CreateTopicsResponse) response)
                                .topics()
                                .getFirst()
                                .errorCode())
                        == ErrorCode.NONE);
    }

    void deleteTopic(String name) {
        cluster.change(
                "the topic is deleted",
                new DeleteTopicsRequest(List.of(new DeleteTopicState(name, Uuid.ZERO)), List.of(), 30_000),
                response -> ErrorCode.of(((DeleteTopicsResponse) response)
                                .responses()
                                .getFirst()
                                .errorCode())
                        == ErrorCode.NONE);
    }

    private boolean isFollowing(int... brokers) {
        for (int broker : brokers) {
            if (find(broker).isEmpty()) {
                return false;
            }
        }
        return true;
    }

    Uuid topicId() {
        return topicId;
    }

    SimulatedCluster cluster() {
        return cluster;
    }

    SimulatedNode node(int id) {
        return cluster.node(id);
    }

    SimulatedNetwork network() {
        return cluster.network();
    }

    Replica replica(int broker) {
        return find(broker).orElseThrow();
    }

    private Optional<Replica> find(int broker) {
        return node(broker).replicas().stream()
                .filter(replica -> replica.topicId().equals(topicId))
                .findFirst();
    }

    /** Up to where a broker's copy goes; -1 if it has none. */
    long end(int broker) {
        return find(broker).map(Replica::endOffset).orElse(-1L);
    }

    void until(String what, BooleanSupplier condition) {
        cluster.until(what, condition);
    }

    /** The partition as the controllers have it. */
    PartitionRegistration partition() {
        return node(1).image()
                .orElseThrow()
                .topic(TOPIC)
                .orElseThrow()
                .partitions()
                .get(0);
    }

    void untilLedBy(int broker) {
        until("broker " + broker + " leads", () -> partition().leader() == broker);
        until("it knows", () -> replica(broker).isLeader());
    }

    void untilInSync(Integer... brokers) {
        until(
                "in sync are " + List.of(brokers),
                () -> partition().isr().size() == brokers.length
                        && List.of(brokers).stream()
                                .allMatch(broker -> partition().isr().contains(broker)));
    }

    /** Has a broker stop in order. */
    void stop(int broker) {
        node(broker).stop();
        until("broker " + broker + " has stopped", () -> !node(broker).isUp());
    }

    /** Cuts a broker off from the controllers. */
    void cutFromControllers(int broker) {
        for (int controller = 1; controller <= 3; controller++) {
            network().cut(broker, controller);
        }
    }

    /** The controller that the others follow, as it says itself; 0 if nobody says so. */
    int activeController() {
        DescribeQuorumRequest request =
                DescribeQuorumRequest.DEFAULT.withTopics(List.of(DescribeQuorumRequest.TopicData.DEFAULT
                        .withTopicName("__cluster_metadata")
                        .withPartitions(List.of(DescribeQuorumRequest.PartitionData.DEFAULT.withPartitionIndex(0)))));
        return ask(FIRST, request)
                .flatMap(response ->
                        ((DescribeQuorumResponse) response).topics().stream().findFirst())
                .map(topic -> topic.partitions().getFirst().leaderId())
                .filter(leader -> leader > 0)
                .orElse(0);
    }

    Optional<Response> ask(int broker, Request request) {
        return ask(cluster.client(), broker, request);
    }

    private Optional<Response> ask(SimulatedClient client, int broker, Request request) {
        @Nullable Response[] answer = {null};
        boolean[] answered = {false};
        client.ask(SimulatedNode.address(broker), request, TIMEOUT_MS + 500, response -> {
            answer[0] = response;
            answered[0] = true;
        });
        until(broker + " answers, or too late", () -> answered[0]);
        return Optional.ofNullable(answer[0]);
    }

    /** Writes one record to a leader that does not wait for anybody. */
    void writeAlone(int broker, String value) {
        ErrorCode error = write(broker, (short) 1, value);
        if (error != ErrorCode.NONE) {
            throw new IllegalStateException(broker + " answers " + error + " to a write");
        }
    }

    /** Writes one record that is to be in all replicas in sync, and keeps in mind that this was acknowledged. */
    void writeToAll(int broker, String value) {
        ErrorCode error = write(broker, (short) -1, value);
        if (error != ErrorCode.NONE) {
            throw new IllegalStateException(broker + " answers " + error + " to a write");
        }
    }

    /** Why a record that is to be in all replicas in sync is not written. */
    ErrorCode refusedToAll(int broker, String value) {
        return write(broker, (short) -1, value);
    }

    private ErrorCode write(int broker, short acks, String value) {
        SimulatedClient client = cluster.client();
        BatchWriter writer = BatchWriter.at(0);
        writer.append(client.millis(), null, ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)));
        ProduceRequest request = new ProduceRequest(
                null,
                acks,
                TIMEOUT_MS,
                List.of(new TopicProduceData(
                        TOPIC, topicId, List.of(new PartitionProduceData(0, Payload.of(writer.build()))))));
        Response response = ask(client, broker, request).orElseThrow();
        var answer = ((ProduceResponse) response)
                .responses()
                .getFirst()
                .partitionResponses()
                .getFirst();
        ErrorCode error = ErrorCode.of(answer.errorCode());
        if (error == ErrorCode.NONE && acks == -1) {
            cluster.history().acknowledge(new Place(topicId, 0), answer.baseOffset(), List.of(value));
        }
        return error;
    }

    /** Everything is healed, something more is written, and all replicas have to have all of it. */
    void end() {
        cluster.heal();
        until("all replicas are in sync again", cluster::isWhole);
        int leader = partition().leader();
        until("the leader knows", () -> replica(leader).isLeader());
        writeToAll(leader, "last");
        cluster.rest();
    }
}
