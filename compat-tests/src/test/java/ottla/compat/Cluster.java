package ottla.compat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Several nodes of one cluster, of both kinds, each a process on a directory that the stock tool formatted. Controllers have the ids
 * from 1 on, combined nodes too, brokers those from 101 on. Owned by one test; {@link #close} ends all of them.
 */
public final class Cluster implements AutoCloseable {
    /** How the voters come to know each other. */
    public enum Voters {
        /** {@code controller.quorum.voters} */
        STATIC,
        /** The metadata log, formatted with {@code --initial-controllers} (KIP-853). */
        DYNAMIC
    }

    private static final int FIRST_BROKER = 101;
    private static final String LOOPBACK = "127.0.0.1";
    private static final String ROLES_OF_COMBINED = "broker,controller";

    private final String name;
    private final Voters voters;
    private final Map<Integer, Node> nodes = new LinkedHashMap<>();
    private final Map<String, String> settings = new LinkedHashMap<>();
    private final Map<Integer, Uuid> directories = new LinkedHashMap<>();
    private final List<String> formatOptions = new ArrayList<>();

    private Optional<Namespaces> namespaces = Optional.empty();

    /** Controllers that the cluster begins without. */
    private final Set<Integer> candidates = new HashSet<>();

    private Racks racks = Racks.NONE;

    private enum Racks {
        NONE,
        ONE_FOR_EACH_BROKER
    }

    /** A node, and where it answers. */
    public record Node(int id, String roles, String host, int port, int controllerPort, NodeProcess process) {
        boolean isController() {
            return roles.contains("controller");
        }

        boolean isBroker() {
            return roles.contains("broker");
        }

        BrokerKind kind() {
            return process.kind();
        }

        public String bootstrap() {
            return host + ":" + port;
        }

        String controllerAddress() {
            return host + ":" + controllerPort;
        }

        /** For the first time, too, if the cluster began without it. */
        public void restart() {
            process.launch();
            process.awaitReady();
        }

        @Override
        public String toString() {
            return roles + " " + id + " (" + kind() + ")";
        }
    }

    public Cluster(String name, Voters voters) {
        this.name = name;
        this.voters = voters;
    }

    /** Each node that is added from now on lives in a network namespace of its own. */
    Cluster in(Namespaces ofNodes) {
        namespaces = Optional.of(ofNodes);
        return this;
    }

    public Cluster controllers(BrokerKind... kinds) {
        return add("controller", 1, List.of(kinds));
    }

    /** Controllers that do not vote at first, of a cluster with {@link Voters#DYNAMIC}; a test starts each when it wants it. */
    Cluster candidates(BrokerKind... kinds) {
        Set<Integer> before = Set.copyOf(nodes.keySet());
        controllers(kinds);
        nodes.keySet().stream().filter(id -> !before.contains(id)).forEach(candidates::add);
        return this;
    }

    public Cluster brokers(BrokerKind... kinds) {
        return add("broker", FIRST_BROKER, List.of(kinds));
    }

    Cluster combined(BrokerKind... kinds) {
        return add(ROLES_OF_COMBINED, 1, List.of(kinds));
    }

    /** A setting of all nodes. */
    public Cluster with(String key, String value) {
        settings.put(key, value);
        return this;
    }

    /** Each broker is in a rack of its own. */
    Cluster inRacks() {
        racks = Racks.ONE_FOR_EACH_BROKER;
        return this;
    }

    static String rackOf(int broker) {
        return "rack-" + broker;
    }

    /** Its nodes are started again and again, and nobody looks at how fast they are. */
    Cluster ofShortLife() {
        nodes.values().forEach(node -> node.process.liveShortly());
        return this;
    }

    /** More options for {@code kafka-storage format}, of all nodes. */
    Cluster formattedWith(String... options) {
        formatOptions.addAll(List.of(options));
        return this;
    }

    private Cluster add(String roles, int firstId, List<BrokerKind> kinds) {
        for (BrokerKind kind : kinds) {
            int id = (int) nodes.keySet().stream()
                            .filter(other -> other >= firstId)
                            .count()
                    + firstId;
            int port = Ports.free();
            int controllerPort = Ports.free();
            String host = namespaces.map(all -> all.host(id)).orElse(LOOPBACK);
            List<String> shell = namespaces.map(all -> all.shell(id)).orElse(List.of());
            NodeProcess process = roles.contains("broker")
                    ? new NodeProcess(kind, name + "-" + id, shell, host, port, RawConnection::isUsable)
                    : new NodeProcess(kind, name + "-" + id, shell, host, controllerPort, RawConnection::isAnswered);
            nodes.put(id, new Node(id, roles, host, port, controllerPort, process));
        }
        return this;
    }

    /** Formats and starts all, and returns when each answers. */
    public Cluster start() {
        try {
            for (Node node : nodes.values()) {
                Map<String, String> all = defaults(node);
                all.putAll(settings);
                node.process.configure(all);
                node.process.format(
                        BrokerProcess.CLUSTER_ID, formatOptions(node).toArray(String[]::new));
            }
            List<Node> first = nodes.values().stream()
                    .filter(node -> !candidates.contains(node.id))
                    .toList();
            first.forEach(node -> node.process.launch());
            first.forEach(node -> node.process.awaitReady());
            return this;
        } catch (RuntimeException | Error failure) {
            close();
            throw failure;
        }
    }

    private List<String> formatOptions(Node node) {
        List<String> options = new ArrayList<>(formatOptions);
        if (voters == Voters.DYNAMIC) {
            options.addAll(
                    node.isController() && !candidates.contains(node.id)
                            ? List.of("--initial-controllers", initialControllers())
                            : List.of("--no-initial-controllers"));
        }
        return options;
    }

    private String initialControllers() {
        return controllers().stream()
                .filter(node -> !candidates.contains(node.id))
                .map(node -> node.id + "@" + node.controllerAddress() + ":"
                        + directories.computeIfAbsent(node.id, _ -> Uuid.randomUuid()))
                .collect(Collectors.joining(","));
    }

    private Map<String, String> defaults(Node node) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("process.roles", node.roles);
        all.put("node.id", String.valueOf(node.id));
        if (voters == Voters.STATIC) {
            all.put(
                    "controller.quorum.voters",
                    controllers().stream()
                            .map(voter -> voter.id + "@" + voter.controllerAddress())
                            .collect(Collectors.joining(",")));
        } else {
            all.put("controller.quorum.bootstrap.servers", bootstrapControllers());
        }
        if (racks == Racks.ONE_FOR_EACH_BROKER && node.isBroker()) {
            all.put("broker.rack", rackOf(node.id));
        }
        List<String> listeners = new ArrayList<>();
        if (node.isBroker()) {
            listeners.add("PLAINTEXT://" + node.bootstrap());
        }
        if (node.isController()) {
            listeners.add("CONTROLLER://" + node.controllerAddress());
        }
        all.put("listeners", String.join(",", listeners));
        all.put("controller.listener.names", "CONTROLLER");
        all.put("log.dirs", node.process.dataDirectory().toString());
        all.put("offsets.topic.num.partitions", "4");
        all.put("offsets.topic.replication.factor", "1");
        all.put("group.initial.rebalance.delay.ms", "0");
        return all;
    }

    public Node node(int id) {
        return nodes.get(id);
    }

    List<Node> nodes() {
        return List.copyOf(nodes.values());
    }

    public List<Node> controllers() {
        return nodes.values().stream().filter(Node::isController).toList();
    }

    public List<Node> brokers() {
        return nodes.values().stream().filter(Node::isBroker).toList();
    }

    public String bootstrap() {
        return brokers().stream().map(Node::bootstrap).collect(Collectors.joining(","));
    }

    String bootstrapControllers() {
        return controllers().stream().map(Node::controllerAddress).collect(Collectors.joining(","));
    }

    /** Who votes, with the directories in which they keep the log. */
    Map<Integer, Uuid> voterDirectories() {
        return Waiting.value("the voters", this::quorum, Optional::isPresent).orElseThrow().currentVoters().stream()
                .collect(Collectors.toMap(
                        DescribeQuorumResponseData.ReplicaState::replicaId,
                        DescribeQuorumResponseData.ReplicaState::replicaDirectoryId));
    }

    /** The node that leads the quorum, as soon as it is as wanted. */
    public Node leader(Predicate<Node> wanted) {
        int id = Waiting.value(
                        "a leader",
                        this::quorum,
                        quorum -> quorum.isPresent()
                                && wanted.test(nodes.get(quorum.get().leaderId())))
                .orElseThrow()
                .leaderId();
        return nodes.get(id);
    }

    /**
     * The quorum as its leader sees it. Asked of each controller that runs: an admin client would try a leader that died for as long as
     * the others take it for one.
     */
    private Optional<DescribeQuorumResponseData.PartitionData> quorum() throws IOException {
        Optional<DescribeQuorumResponseData.PartitionData> newest = Optional.empty();
        for (Node node : controllers()) {
            if (node.process.isAlive()) {
                DescribeQuorumResponseData.PartitionData seen = quorum(node);
                if (seen.errorCode() == Errors.NONE.code()
                        && newest.map(other -> other.leaderEpoch() < seen.leaderEpoch())
                                .orElse(true)) {
                    newest = Optional.of(seen);
                }
            }
        }
        return newest;
    }

    private static DescribeQuorumResponseData.PartitionData quorum(Node node) throws IOException {
        try (RawConnection connection = new RawConnection(node.host, node.controllerPort)) {
            DescribeQuorumResponseData answer =
                    (DescribeQuorumResponseData) connection.ask(ApiKeys.DESCRIBE_QUORUM, 2, quorumRequest());
            return answer.topics().getFirst().partitions().getFirst();
        }
    }

    static DescribeQuorumRequestData quorumRequest() {
        return new DescribeQuorumRequestData()
                .setTopics(List.of(new DescribeQuorumRequestData.TopicData()
                        .setTopicName("__cluster_metadata")
                        .setPartitions(List.of(new DescribeQuorumRequestData.PartitionData().setPartitionIndex(0)))));
    }

    /** Returns when every node that runs has what the leader had when this was called. */
    public void awaitCaughtUp() {
        long endOffset = endOffset();
        Set<Integer> running = nodes.values().stream()
                .filter(node -> node.process.isAlive())
                .map(Node::id)
                .collect(Collectors.toSet());
        Waiting.value(
                "all nodes have what stands before " + endOffset,
                this::quorum,
                quorum -> quorum.isPresent() && upTo(quorum.get(), endOffset).containsAll(running));
    }

    /** Everything before this is committed. */
    long endOffset() {
        // a leader that has just begun does not say it yet
        return Waiting.value(
                        "the end of the log",
                        this::quorum,
                        quorum -> quorum.isPresent() && quorum.get().highWatermark() >= 0)
                .orElseThrow()
                .highWatermark();
    }

    private static Set<Integer> upTo(DescribeQuorumResponseData.PartitionData quorum, long endOffset) {
        return Stream.concat(quorum.currentVoters().stream(), quorum.observers().stream())
                .filter(replica -> replica.logEndOffset() >= endOffset)
                .map(DescribeQuorumResponseData.ReplicaState::replicaId)
                .collect(Collectors.toSet());
    }

    /** Stops all nodes as an operator would, brokers first, since they ask the controllers to be let go. */
    void stop() {
        brokers().stream().filter(node -> !node.isController()).forEach(node -> node.process.terminate());
        controllers().stream().filter(node -> node.process.isAlive()).forEach(node -> node.process.terminate());
    }

    @Override
    public void close() {
        nodes.values().stream()
                .sorted(Comparator.comparingInt(Node::id).reversed())
                .forEach(node -> node.process.close());
    }
}
