package ottla.broker.io;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Predicate;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.broker.config.NodeConfig;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.replication.io.Replica;
import ottla.replication.quorum.Endpoint;
import ottla.wire.message.AlterPartitionReassignmentsRequest;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignablePartition;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignableTopic;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.ElectLeadersRequest;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * One cluster's life, out of one seed: nodes that come up, a topic, producers, and meanwhile processes that are killed, halted or
 * stopped in order, machines that lose their power, and wires that are cut. Then all is healed, and everything has to come to rest.
 *
 * <p>At most one machine at a time loses what its disk does not have, only while all others are in sync and up, and until the
 * cluster has got over it no process is killed: a broker that ends without saying so counts as one that has lost something, and two
 * of those are more than an in-sync minimum of two can bear (KIP-966).
 */
final class ClusterStorm {
    private static final String TOPIC = "topic";
    private static final long MS = 1_000;
    private static final long SECOND = 1_000 * MS;
    private static final long CALM_LIMIT_US = 120 * SECOND;
    private static final int CLIENT = 1_000;
    private static final boolean TRACED = Boolean.getBoolean("ottla.simulation.trace");

    private final SplittableRandom random;
    private final SimulatedTime time;
    private final SimulatedNetwork network;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final List<SimulatedProducer> producers = new ArrayList<>();
    private final List<SimulatedConsumer> consumers = new ArrayList<>();
    private final CommittedHistory history = new CommittedHistory();
    private final Map<String, Integer> happened = new TreeMap<>();
    private final int nodeCount;
    private final int partitionCount;
    private long eventCount;
    private boolean healed;

    /** Some machine has lost its power, and the cluster has not got over it yet. */
    private boolean damaged;

    /** The nodes' files, read once for all runs. */
    private static final Map<Integer, List<NodeConfig>> CONFIGS = new LinkedHashMap<>();

    ClusterStorm(long seed) {
        random = new SplittableRandom(seed);
        time = new SimulatedTime(random.split());
        network = new SimulatedNetwork(time);
        nodeCount = 3 + random.nextInt(3);
        partitionCount = 1 + random.nextInt(3);
    }

    private static List<NodeConfig> configs(int count) {
        return CONFIGS.computeIfAbsent(count, wanted -> {
            List<NodeConfig> all = new ArrayList<>();
            for (int id = 1; id <= wanted; id++) {
                all.add(SimulatedNode.config(
                        id,
                        3,
                        Map.of(
                                "min.insync.replicas", "2",
                                "default.replication.factor", "3",
                                "broker.session.timeout.ms", "3000",
                                "broker.heartbeat.interval.ms", "800",
                                "replica.lag.time.max.ms", "4000",
                                "metadata.max.idle.interval.ms", "1000")));
            }
            return List.copyOf(all);
        });
    }

    /** How often each kind of thing happened. */
    Map<String, Integer> happened() {
        return happened;
    }

    long eventCount() {
        return eventCount;
    }

    long recordCount() {
        return history.total();
    }

    void run() {
        for (NodeConfig config : configs(nodeCount)) {
            nodes.add(new SimulatedNode(config, time, network, random.split(), this::look));
        }
        nodes.forEach(SimulatedNode::start);
        until("all nodes are up", () -> nodes.stream().allMatch(SimulatedNode::isServing));
        createTopic();
        until("the topic is everywhere", this::isWhole);
        for (int partition = 0; partition < partitionCount; partition++) {
            produce(new TopicPartition(TOPIC, partition));
            consume(new TopicPartition(TOPIC, partition));
        }
        int troubles = 1 + random.nextInt(8);
        for (int trouble = 0; trouble < troubles; trouble++) {
            pass(random.nextLong(3 * SECOND));
            cause();
        }
        pass(random.nextLong(2 * SECOND));
        heal();
        producers.forEach(SimulatedProducer::end);
        until(
                "the producers know of all that they sent",
                () -> producers.stream().allMatch(SimulatedProducer::isDone));
        until("all replicas are in sync and equal", this::isCalm);
        until("the consumers have read all there is", () -> consumers.stream().allMatch(SimulatedConsumer::isDone));
        for (SimulatedNode node : nodes) {
            node.replicas().forEach(replica -> history.checkEqual(node.id(), replica));
        }
        history.checkWhole();
    }

    // ---- clients

    private SimulatedHost client() {
        return new SimulatedHost(CLIENT, time, network, random.split(), () -> {}, touched -> {});
    }

    /** Has some broker carry out a change, and asks again for as long as it fails. */
    private void change(String what, Request request, Predicate<Response> isDone) {
        SimulatedHost client = client();
        boolean[] done = {false};
        ask(client, request, isDone, done);
        until(what, () -> done[0]);
    }

    private void ask(SimulatedHost client, Request request, Predicate<Response> isDone, boolean[] done) {
        network.send(client, "admin", someBroker(), request, 5_000)
                .whenComplete((response, failure) -> client.after(0, () -> {
                    done[0] = response != null && isDone.test(response);
                    if (!done[0]) {
                        client.after(100 * MS, () -> ask(client, request, isDone, done));
                    }
                }));
    }

    private Endpoint someBroker() {
        return SimulatedNode.address(1 + random.nextInt(nodeCount));
    }

    private void createTopic() {
        CreateTopicsRequest request = new CreateTopicsRequest(
                List.of(new CreatableTopic(TOPIC, partitionCount, (short) 3, List.of(), List.of())), 30_000, false);
        change("the topic is made", request, ClusterStorm::isCreated);
    }

    private static boolean isCreated(Response response) {
        ErrorCode error = ErrorCode.of(
                ((CreateTopicsResponse) response).topics().getFirst().errorCode());
        return error == ErrorCode.NONE || error == ErrorCode.TOPIC_ALREADY_EXISTS;
    }

    private SimulatedMetadata metadata(SimulatedHost client) {
        return new SimulatedMetadata(
                client,
                network,
                random.split(),
                nodes.stream().map(SimulatedNode::id).toList(),
                TOPIC);
    }

    private void produce(TopicPartition partition) {
        SimulatedHost client = client();
        SimulatedProducer producer = new SimulatedProducer(
                client,
                time,
                network,
                random.split(),
                history,
                metadata(client),
                partition,
                5_000 + producers.size(),
                this::isSucceeded);
        producers.add(producer);
        producer.start();
    }

    private void consume(TopicPartition partition) {
        SimulatedHost client = client();
        SimulatedConsumer consumer =
                new SimulatedConsumer(client, network, random.split(), history, metadata(client), partition);
        consumers.add(consumer);
        consumer.start();
    }

    /** Asked once; whether anything comes of it is open. */
    private void wish(Request request) {
        SimulatedHost client = client();
        var unused = network.send(client, "admin", someBroker(), request, 10_000);
    }

    private void reassign() {
        List<Integer> replicas = new ArrayList<>();
        while (replicas.size() < 3) {
            int id = 1 + random.nextInt(nodeCount);
            if (!replicas.contains(id)) {
                replicas.add(id);
            }
        }
        ReassignablePartition partition = new ReassignablePartition(random.nextInt(partitionCount), replicas);
        wish(new AlterPartitionReassignmentsRequest(
                10_000, true, List.of(new ReassignableTopic(TOPIC, List.of(partition)))));
    }

    private void cancelReassignments() {
        List<ReassignablePartition> partitions = new ArrayList<>();
        for (int partition = 0; partition < partitionCount; partition++) {
            partitions.add(new ReassignablePartition(partition, null));
        }
        wish(new AlterPartitionReassignmentsRequest(10_000, true, List.of(new ReassignableTopic(TOPIC, partitions))));
    }

    private void electPreferred() {
        wish(new ElectLeadersRequest((byte) 0, null, 10_000));
    }

    /** Whether somebody knows of a leader after this one. */
    private boolean isSucceeded(int leader, TopicPartition partition) {
        return nodes.stream()
                .flatMap(node -> node.image().stream())
                .flatMap(image -> image.topic(TOPIC).stream())
                .map(topic -> topic.partitions().get(partition.partition()))
                .max(Comparator.comparingInt(PartitionRegistration::leaderEpoch))
                .filter(newest -> newest.leader() != leader)
                .isPresent();
    }

    // ---- troubles

    private void cause() {
        SimulatedNode node = nodes.get(random.nextInt(nodeCount));
        trace("trouble for " + node.id());
        damaged = damaged && !isWhole();
        switch (random.nextInt(10)) {
            case 0 -> {
                if (node.isUp() && !damaged) {
                    count("killed");
                    node.kill();
                    back(node, random.nextLong(6 * SECOND));
                }
            }
            case 1 -> {
                if (isWhole()) {
                    count("power lost");
                    damaged = true;
                    node.losePower();
                    back(node, random.nextLong(6 * SECOND));
                }
            }
            case 2 -> {
                if (node.isUp()) {
                    count("halted");
                    node.halt();
                    time.after(random.nextLong(6 * SECOND), node::resume);
                }
            }
            case 3 -> {
                if (node.isServing()) {
                    count("stopped");
                    node.stop();
                    back(node, random.nextLong(6 * SECOND));
                }
            }
            case 4 -> {
                SimulatedNode other = nodes.get(random.nextInt(nodeCount));
                if (other != node) {
                    count("cut");
                    network.cut(node.id(), other.id());
                    time.after(random.nextLong(6 * SECOND), network::heal);
                }
            }
            case 5 -> {
                count("reassigned");
                reassign();
            }
            case 6 -> {
                count("reassignments cancelled");
                cancelReassignments();
            }
            case 7 -> {
                count("preferred leaders elected");
                electPreferred();
            }
            case 8 -> {
                if (!damaged) {
                    count("disk full");
                    node.fillDisk();
                    long emptyUs = random.nextLong(6 * SECOND);
                    time.after(emptyUs, node::emptyDisk);
                    // it may have ended over that
                    back(node, emptyUs + 1);
                }
            }
            default -> {
                count("isolated");
                nodes.stream().filter(other -> other != node).forEach(other -> network.cut(node.id(), other.id()));
                time.after(random.nextLong(6 * SECOND), network::heal);
            }
        }
    }

    /** Starts a node again, as soon as it is down. */
    private void back(SimulatedNode node, long delayUs) {
        time.after(delayUs, () -> {
            if (node.isUp()) {
                if (!healed) {
                    back(node, SECOND);
                }
            } else {
                node.start();
            }
        });
    }

    private void heal() {
        trace("all is healed");
        healed = true;
        network.heal();
        for (SimulatedNode node : nodes) {
            node.resume();
            node.emptyDisk();
            revive(node);
        }
    }

    /** Whoever was about to stop does so, and is started again then. */
    private void revive(SimulatedNode node) {
        if (!node.isUp()) {
            node.start();
        }
        time.after(SECOND, () -> revive(node));
    }

    private void count(String what) {
        trace(what);
        happened.merge(what, 1, Integer::sum);
    }

    private void trace(String what) {
        if (TRACED) {
            System.out.println(time.nowUs() / 1000 + " ms: " + what);
        }
    }

    // ---- time

    private interface Condition {
        boolean holds();
    }

    private void until(String what, Condition condition) {
        long limitUs = time.nowUs() + CALM_LIMIT_US;
        while (!condition.holds()) {
            if (time.nowUs() >= limitUs) {
                throw new AssertionError("it does not come to pass that " + what + "\n" + describe());
            }
            pass(50 * MS);
        }
    }

    private void pass(long durationUs) {
        long untilUs = time.nowUs() + durationUs;
        while (time.step(untilUs)) {
            eventCount++;
        }
    }

    /** What has to hold of a node after everything that happens there. */
    private void look(int nodeId) {
        for (Replica replica : nodes.get(nodeId - 1).replicas()) {
            history.look(nodeId, replica);
        }
    }

    /** Whether every node is up and knows that all replicas are in sync. */
    private boolean isWhole() {
        Optional<ClusterImage> first = Optional.empty();
        for (SimulatedNode node : nodes) {
            Optional<ClusterImage> image = node.image();
            if (image.isEmpty()) {
                return false;
            }
            Optional<TopicImage> topic = image.get().topic(TOPIC);
            if (topic.isEmpty()
                    || (first.isPresent() && !first.get().topic(TOPIC).equals(topic))
                    || !topic.get().partitions().stream().allMatch(ClusterStorm::isWhole)) {
                return false;
            }
            first = image;
        }
        return true;
    }

    /** Whether all of this is on every disk, too, and known there to be committed. */
    private boolean isCalm() {
        return isWhole()
                && nodes.stream()
                        .flatMap(node -> node.replicas().stream())
                        .allMatch(replica -> replica.endOffset() == history.size(replica.name())
                                && replica.highWatermark() == replica.endOffset());
    }

    private static boolean isWhole(PartitionRegistration partition) {
        return partition.hasLeader()
                && partition.isr().size() == partition.replicas().size();
    }

    private String describe() {
        StringBuilder text = new StringBuilder();
        for (SimulatedNode node : nodes) {
            text.append("node ")
                    .append(node.id())
                    .append(node.isServing() ? " serves" : node.isUp() ? " is up" : " is down");
            node.image()
                    .flatMap(image -> image.topic(TOPIC))
                    .ifPresent(topic -> text.append(' ').append(topic.partitions()));
            text.append('\n');
            for (Replica replica : node.replicas()) {
                text.append("   ")
                        .append(replica)
                        .append(replica.isLeader() ? " leads" : " follows")
                        .append(" in epoch ")
                        .append(replica.leadership().leaderEpoch())
                        .append(", ends at ")
                        .append(replica.endOffset())
                        .append(", committed ")
                        .append(replica.highWatermark())
                        .append('\n');
            }
        }
        return text.toString();
    }
}
