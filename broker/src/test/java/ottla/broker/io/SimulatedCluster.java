package ottla.broker.io;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import ottla.base.Uuid;
import ottla.broker.config.NodeConfig;
import ottla.broker.io.CommittedHistory.Place;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.replication.io.Replica;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * A cluster on one thread: its nodes, what is between them, and what of its partitions was ever committed. Whoever holds it lets
 * time pass.
 */
final class SimulatedCluster {
    static final long MS = 1_000;
    static final long SECOND = 1_000 * MS;
    private static final long CALM_LIMIT_US = 120 * SECOND;

    /** Clients are no nodes: nothing cuts them off. */
    private static final int CLIENT = 1_000;

    private static final boolean TRACED = Boolean.getBoolean("ottla.simulation.trace");

    private final SplittableRandom random;
    private final SimulatedTime time;
    private final SimulatedNetwork network;
    private final CommittedHistory history = new CommittedHistory();
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final Map<String, Integer> happened = new TreeMap<>();
    private long eventCount;
    private boolean healed;

    SimulatedCluster(SplittableRandom random, List<NodeConfig> configs) {
        this.random = random;
        time = new SimulatedTime(random.split());
        network = new SimulatedNetwork(time);
        for (NodeConfig config : configs) {
            nodes.add(new SimulatedNode(
                    config, time, SimulatedClock.skewed(time, random.split()), network, random.split(), this::look));
        }
    }

    SimulatedTime time() {
        return time;
    }

    SimulatedNetwork network() {
        return network;
    }

    CommittedHistory history() {
        return history;
    }

    List<SimulatedNode> nodes() {
        return nodes;
    }

    SimulatedNode node(int id) {
        return nodes.get(id - 1);
    }

    long eventCount() {
        return eventCount;
    }

    /** How often each kind of thing happened. */
    Map<String, Integer> happened() {
        return happened;
    }

    void count(String what) {
        trace(what);
        happened.merge(what, 1, Integer::sum);
    }

    void trace(String what) {
        if (TRACED) {
            System.out.println(time.nowUs() / MS + " ms: " + what);
        }
    }

    void start() {
        nodes.forEach(SimulatedNode::start);
        until("all nodes are up", () -> nodes.stream().allMatch(SimulatedNode::isServing));
    }

    // ---- clients

    SimulatedClient client() {
        return new SimulatedClient(
                new SimulatedHost(
                        CLIENT, time, SimulatedClock.exact(time), network, random.split(), () -> {}, touched -> {}),
                network,
                random.split(),
                nodes.size());
    }

    /** Has some broker carry out a change, and asks again for as long as it fails. */
    void change(String what, Request request, Predicate<Response> isDone) {
        boolean[] done = {false};
        client().persist(request, response -> {
            done[0] = isDone.test(response);
            return done[0];
        });
        until(what, () -> done[0]);
    }

    /** Asked once; whether anything comes of it is open. */
    void wish(Request request) {
        client().wish(request);
    }

    // ---- troubles

    void isolate(SimulatedNode node) {
        nodes.stream().filter(other -> other != node).forEach(other -> network.cut(node.id(), other.id()));
    }

    /** Starts a node again, as soon as it is down. */
    void back(SimulatedNode node, long delayUs) {
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

    /** From now on nothing is in anybody's way, and whoever ends is started again. */
    void heal() {
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

    // ---- time

    void until(String what, BooleanSupplier condition) {
        long limitUs = time.nowUs() + CALM_LIMIT_US;
        while (!condition.getAsBoolean()) {
            if (time.nowUs() >= limitUs) {
                throw new AssertionError("it does not come to pass that " + what + "\n" + describe());
            }
            pass(50 * MS);
        }
    }

    void pass(long durationUs) {
        long untilUs = time.nowUs() + durationUs;
        while (time.step(untilUs)) {
            eventCount++;
        }
    }

    // ---- what holds

    /** What has to hold of a node after everything that happens there. */
    private void look(int nodeId) {
        for (Replica replica : node(nodeId).replicas()) {
            history.look(nodeId, replica);
        }
    }

    /** A topic as the first node that shows its broker's image has it. */
    Optional<TopicImage> topic(String name) {
        return nodes.stream().flatMap(node -> node.image().stream()).findFirst().flatMap(image -> image.topic(name));
    }

    /** Whether every node is up and knows of the same topics, all with all replicas in sync. */
    boolean isWhole() {
        List<ClusterImage> images =
                nodes.stream().flatMap(node -> node.image().stream()).toList();
        if (images.size() < nodes.size()) {
            return false;
        }
        ClusterImage first = images.getFirst();
        return images.stream().allMatch(image -> image.topics().equals(first.topics()))
                && first.topics().all().stream()
                        .allMatch(topic -> topic.partitions().stream().allMatch(SimulatedCluster::isWhole));
    }

    private static boolean isWhole(PartitionRegistration partition) {
        return partition.hasLeader()
                && partition.isr().size() == partition.replicas().size();
    }

    /** Whether all of this is on every disk, too, and known there to be committed, and nothing else is there. */
    boolean isCalm() {
        return isWhole()
                && nodes.stream().allMatch(this::hasAllItShould)
                && nodes.stream()
                        .flatMap(node -> node.replicas().stream())
                        .allMatch(replica -> isKnown(replica.topicId())
                                && replica.endOffset() == history.size(Place.of(replica))
                                && replica.highWatermark() == replica.endOffset());
    }

    private boolean hasAllItShould(SimulatedNode node) {
        Set<Place> here = new HashSet<>();
        node.replicas().forEach(replica -> here.add(Place.of(replica)));
        for (TopicImage topic : node.image().orElseThrow().topics().all()) {
            for (int i = 0; i < topic.partitionCount(); i++) {
                if (topic.partitions().get(i).hasReplica(node.id()) && !here.contains(new Place(topic.id(), i))) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean isKnown(Uuid topicId) {
        return nodes.getFirst().image().flatMap(image -> image.topic(topicId)).isPresent();
    }

    /** Waits for {@link #isCalm}, and looks at everything that is there. */
    void rest() {
        until("all replicas are in sync and equal", this::isCalm);
        for (SimulatedNode node : nodes) {
            node.replicas().forEach(replica -> history.checkEqual(node.id(), replica));
        }
        history.checkWhole(this::isKnown);
    }

    String describe() {
        StringBuilder text = new StringBuilder();
        for (SimulatedNode node : nodes) {
            text.append("node ")
                    .append(node.id())
                    .append(node.isServing() ? " serves" : node.isUp() ? " is up" : " is down")
                    .append('\n');
            node.image()
                    .ifPresent(image -> image.topics()
                            .all()
                            .forEach(topic -> text.append("   ")
                                    .append(topic.name())
                                    .append(' ')
                                    .append(topic.partitions())
                                    .append('\n')));
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
                        .append(", of all nodes ")
                        .append(history.size(Place.of(replica)))
                        .append('\n');
            }
        }
        return text.toString();
    }
}
