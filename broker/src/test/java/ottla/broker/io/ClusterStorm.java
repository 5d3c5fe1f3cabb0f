package ottla.broker.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.broker.config.NodeConfig;
import ottla.broker.io.CommittedHistory.Place;
import ottla.wire.message.AlterPartitionReassignmentsRequest;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignablePartition;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignableTopic;
import ottla.wire.message.ApiKey;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.DeleteTopicsRequest;
import ottla.wire.message.DeleteTopicsRequest.DeleteTopicState;
import ottla.wire.message.ElectLeadersRequest;
import ottla.wire.message.IncrementalAlterConfigsRequest;
import ottla.wire.message.IncrementalAlterConfigsRequest.AlterConfigsResource;
import ottla.wire.message.IncrementalAlterConfigsRequest.AlterableConfig;
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
    private static final String FLEETING = "fleeting";
    private static final byte TOPIC_CONFIGS = 2;
    private static final byte BROKER_CONFIGS = 4;
    private static final long SECOND = SimulatedCluster.SECOND;

    /** The nodes' files, read once for all runs. */
    private static final Map<Integer, List<NodeConfig>> CONFIGS = new ConcurrentHashMap<>();

    private final SplittableRandom random;
    private final SimulatedCluster cluster;
    private final List<SimulatedProducer> producers = new ArrayList<>();
    private final List<SimulatedConsumer> consumers = new ArrayList<>();
    private final List<SimulatedMember> members = new ArrayList<>();
    private final int nodeCount;
    private final int partitionCount;

    /** Some machine has lost its power, and the cluster has not got over it yet. */
    private boolean damaged;

    private int fullDisks;

    ClusterStorm(long seed) {
        random = new SplittableRandom(seed);
        nodeCount = 3 + random.nextInt(3);
        partitionCount = 1 + random.nextInt(3);
        cluster = new SimulatedCluster(random.split(), configs(nodeCount));
    }

    private static List<NodeConfig> configs(int count) {
        return CONFIGS.computeIfAbsent(count, wanted -> {
            List<NodeConfig> all = new ArrayList<>();
            for (int id = 1; id <= wanted; id++) {
                all.add(SimulatedNode.config(
                        id,
                        3,
                        Map.ofEntries(
                                Map.entry("min.insync.replicas", "2"),
                                Map.entry("default.replication.factor", "3"),
                                Map.entry("broker.session.timeout.ms", "3000"),
                                Map.entry("broker.heartbeat.interval.ms", "800"),
                                Map.entry("replica.lag.time.max.ms", "4000"),
                                Map.entry("broker.rack", rack(id)),
                                Map.entry(
                                        "replica.selector.class",
                                        "org.apache.kafka.common.replica.RackAwareReplicaSelector"),
                                Map.entry("offsets.topic.num.partitions", "2"),
                                Map.entry("group.initial.rebalance.delay.ms", "300"),
                                Map.entry("group.min.session.timeout.ms", "3000"),
                                Map.entry("metadata.max.idle.interval.ms", "1000"),
                                // who was away for some seconds finds that there is only a snapshot left
                                Map.entry("metadata.log.max.record.bytes.between.snapshots", "1500"),
                                Map.entry("internal.metadata.log.segment.bytes", "1000"),
                                Map.entry("metadata.max.retention.bytes", "3000"))));
            }
            return List.copyOf(all);
        });
    }

    /** Two racks. */
    private static String rack(int number) {
        return "rack-" + number % 2;
    }

    SimulatedCluster cluster() {
        return cluster;
    }

    void run() {
        cluster.start();
        createTopic();
        cluster.until("the topic is everywhere", cluster::isWhole);
        for (int partition = 0; partition < partitionCount; partition++) {
            produce(TOPIC, partition);
            consume(TOPIC, partition);
            commit(partition);
        }
        produce(FLEETING, 0);
        int troubles = 1 + random.nextInt(8);
        for (int trouble = 0; trouble < troubles; trouble++) {
            cluster.pass(random.nextLong(3 * SECOND));
            cause();
        }
        cluster.pass(random.nextLong(2 * SECOND));
        cluster.heal();
        keepUnthrottled();
        producers.forEach(SimulatedProducer::end);
        members.forEach(SimulatedMember::end);
        keepFleeting();
        cluster.until(
                "the producers know of all that they sent",
                () -> producers.stream().allMatch(SimulatedProducer::isDone));
        cluster.until(
                "the group's members find what they committed",
                () -> members.stream().allMatch(SimulatedMember::isDone));
        cluster.rest();
        cluster.until(
                "the consumers have read all there is", () -> consumers.stream().allMatch(SimulatedConsumer::isDone));
        countRequests("snapshot chunk fetched", ApiKey.FETCH_SNAPSHOT);
        countRequests("offset committed", ApiKey.OFFSET_COMMIT);
        cluster.happened()
                .put(
                        "read from a follower",
                        consumers.stream()
                                .mapToInt(SimulatedConsumer::readsElsewhere)
                                .sum());
    }

    private void countRequests(String what, ApiKey api) {
        cluster.happened().put(what, cluster.network().sentCount(api));
    }

    // ---- clients

    private void createTopic() {
        cluster.change("the topic is made", creation(TOPIC, partitionCount), ClusterStorm::isCreated);
    }

    private static boolean isCreated(Response response) {
        ErrorCode error = ErrorCode.of(
                ((CreateTopicsResponse) response).topics().getFirst().errorCode());
        return error == ErrorCode.NONE || error == ErrorCode.TOPIC_ALREADY_EXISTS;
    }

    private void produce(String topic, int partition) {
        SimulatedClient client = cluster.client();
        SimulatedProducer producer = new SimulatedProducer(
                client,
                cluster.history(),
                new SimulatedMetadata(client, topic),
                partition,
                5_000 + producers.size(),
                this::isSucceeded);
        producers.add(producer);
        producer.start();
    }

    private void consume(String topic, int partition) {
        SimulatedClient client = cluster.client();
        SimulatedConsumer consumer = new SimulatedConsumer(
                client, cluster.history(), new SimulatedMetadata(client, topic), partition, rack(partition));
        consumers.add(consumer);
        consumer.start();
    }

    private void commit(int partition) {
        SimulatedClient client = cluster.client();
        SimulatedMember member = new SimulatedMember(client, new SimulatedMetadata(client, TOPIC), partition);
        members.add(member);
        member.start();
    }

    private static CreateTopicsRequest creation(String topic, int partitions) {
        return new CreateTopicsRequest(
                List.of(new CreatableTopic(topic, partitions, (short) 3, List.of(), List.of())), 30_000, false);
    }

    /** A topic that comes and goes, always under the same name. */
    private void toggleFleeting() {
        if (cluster.topic(FLEETING).isEmpty()) {
            cluster.wish(creation(FLEETING, 1));
        } else {
            cluster.wish(
                    new DeleteTopicsRequest(List.of(new DeleteTopicState(FLEETING, Uuid.ZERO)), List.of(), 10_000));
        }
    }

    /** Some wish to delete it may still be on its way. */
    private void keepFleeting() {
        if (cluster.topic(FLEETING).isEmpty()) {
            cluster.wish(creation(FLEETING, 1));
        }
        cluster.time().after(SECOND, this::keepFleeting);
    }

    /** Copies of the topic are limited to a rate, both where they are sent and where they are taken; empty for no limit any more. */
    private void throttle(OptionalInt bytesPerSecond) {
        byte operation = (byte) (bytesPerSecond.isPresent() ? 0 : 1);
        String rate = Integer.toString(bytesPerSecond.orElse(0));
        cluster.wish(new IncrementalAlterConfigsRequest(
                List.of(
                        new AlterConfigsResource(
                                BROKER_CONFIGS,
                                "",
                                List.of(
                                        new AlterableConfig("leader.replication.throttled.rate", operation, rate),
                                        new AlterableConfig("follower.replication.throttled.rate", operation, rate))),
                        new AlterConfigsResource(
                                TOPIC_CONFIGS,
                                TOPIC,
                                List.of(
                                        new AlterableConfig("leader.replication.throttled.replicas", operation, "*"),
                                        new AlterableConfig(
                                                "follower.replication.throttled.replicas", operation, "*")))),
                false));
    }

    /** Some wish to throttle may still be on its way. */
    private void keepUnthrottled() {
        throttle(OptionalInt.empty());
        cluster.time().after(SECOND, this::keepUnthrottled);
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
        cluster.wish(new AlterPartitionReassignmentsRequest(
                10_000, true, List.of(new ReassignableTopic(TOPIC, List.of(partition)))));
    }

    private void cancelReassignments() {
        List<ReassignablePartition> partitions = new ArrayList<>();
        for (int partition = 0; partition < partitionCount; partition++) {
            partitions.add(new ReassignablePartition(partition, null));
        }
        cluster.wish(new AlterPartitionReassignmentsRequest(
                10_000, true, List.of(new ReassignableTopic(TOPIC, partitions))));
    }

    private void electPreferred() {
        cluster.wish(new ElectLeadersRequest((byte) 0, null, 10_000));
    }

    /** Whether somebody knows of a leader after this one, or that the topic is gone. */
    private boolean isSucceeded(int leader, Place place) {
        return cluster.nodes().stream()
                .flatMap(node -> node.image().stream())
                .anyMatch(image -> image.topics()
                        .partition(place.topicId(), place.partition())
                        .filter(partition -> partition.leader() == leader)
                        .isEmpty());
    }

    // ---- troubles

    private SimulatedNode someNode() {
        return cluster.node(1 + random.nextInt(nodeCount));
    }

    private void cause() {
        SimulatedNode node = someNode();
        cluster.trace("trouble for " + node.id());
        damaged = damaged && !cluster.isWhole();
        switch (random.nextInt(13)) {
            case 0 -> {
                if (node.isUp() && !damaged) {
                    cluster.count("killed");
                    node.kill();
                    cluster.back(node, random.nextLong(6 * SECOND));
                }
            }
            case 1 -> {
                // who has no room may end over it, which counts as a loss, too
                if (cluster.isWhole() && fullDisks == 0) {
                    cluster.count("power lost");
                    damaged = true;
                    node.losePower();
                    cluster.back(node, random.nextLong(6 * SECOND));
                }
            }
            case 2 -> {
                if (node.isUp()) {
                    cluster.count("halted");
                    node.halt();
                    cluster.time().after(random.nextLong(6 * SECOND), node::resume);
                }
            }
            case 3 -> {
                if (node.isServing()) {
                    cluster.count("stopped");
                    node.stop();
                    cluster.back(node, random.nextLong(6 * SECOND));
                }
            }
            case 4 -> {
                SimulatedNode other = someNode();
                if (other != node) {
                    cluster.count("cut");
                    cluster.network().cut(node.id(), other.id());
                    cluster.time().after(random.nextLong(6 * SECOND), cluster.network()::heal);
                }
            }
            case 5 -> {
                cluster.count("reassigned");
                reassign();
            }
            case 6 -> {
                cluster.count("reassignments cancelled");
                cancelReassignments();
            }
            case 7 -> {
                cluster.count("preferred leaders elected");
                electPreferred();
            }
            case 8 -> {
                if (!damaged) {
                    cluster.count("disk full");
                    node.fillDisk();
                    // some for so long that others take over
                    long emptyUs = random.nextLong(12 * SECOND);
                    fullDisks++;
                    cluster.time().after(emptyUs, () -> {
                        fullDisks--;
                        node.emptyDisk();
                    });
                    // it may have ended over that
                    cluster.back(node, emptyUs + 1);
                }
            }
            case 9 -> {
                cluster.count("topic made or deleted");
                toggleFleeting();
            }
            case 10 -> {
                cluster.count("clock set");
                node.setClock();
            }
            case 11 -> {
                cluster.count("throttled");
                throttle(OptionalInt.of(1 + random.nextInt(2_000)));
                cluster.time().after(random.nextLong(6 * SECOND), () -> throttle(OptionalInt.empty()));
            }
            default -> {
                cluster.count("isolated");
                cluster.isolate(node);
                cluster.time().after(random.nextLong(6 * SECOND), cluster.network()::heal);
            }
        }
    }
}
