package ottla.broker.io.cluster;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import ottla.base.Uuid;
import ottla.broker.config.NodeConfig;
import ottla.broker.io.Formatting;
import ottla.log.io.FileDisk;
import ottla.replication.io.QuorumFormat;
import ottla.replication.quorum.Endpoint;
import ottla.replication.quorum.QuorumMembership;
import ottla.replication.quorum.ReplicaKey;
import ottla.replication.quorum.Voter;
import ottla.replication.quorum.VoterSet;

/**
 * What a node is started with: a file as anybody would write it for a node of a dynamic quorum (KIP-853), and a directory as
 * {@code kafka-storage.sh format --initial-controllers} makes it. Without state.
 */
final class NodeFiles {
    /** Written last, so a folder that has it is complete. */
    static final String MADE = "server.properties";

    private static final String CONTROLLER = "CONTROLLER";

    /** What Kafka's defaults would have for internal topics, if there are so many brokers. */
    private static final int REPLICAS_MAX = 3;

    private NodeFiles() {}

    /** Makes the folders of a new cluster; the settings take the place of our own. Nothing is made if they cannot be. */
    static void make(LocalCluster cluster, Map<String, String> settings, RandomGenerator random, long nowMs) {
        cluster.nodes().forEach(node -> check(properties(cluster, node, settings)));
        String clusterId = Uuid.randomName(random).toString();
        Map<LocalNode, Uuid> directories = new LinkedHashMap<>();
        cluster.nodes().forEach(node -> directories.put(node, Uuid.randomName(random)));
        List<Voter> voters = new ArrayList<>();
        directories.forEach((node, directory) -> voters.add(new Voter(
                new ReplicaKey(node.id(), directory),
                Map.of(CONTROLLER, new Endpoint(LocalNode.HOST, node.controllerPort())),
                0,
                QuorumMembership.KRAFT_VERSION_LATEST)));
        directories.forEach((node, directory) -> {
            QuorumFormat.Plan plan = new QuorumFormat.Plan(
                    clusterId, node.id(), directory, Formatting.features(), Optional.of(VoterSet.of(voters)));
            QuorumFormat.format(new FileDisk(absolute(node.data())), plan, nowMs);
            write(node.file(), properties(cluster, node, settings));
        });
    }

    private static void check(Map<String, String> properties) {
        if (NodeConfig.parse(properties) instanceof NodeConfig.Parsed.Refused(List<String> problems)) {
            throw new Mistake(String.join("\n", problems));
        }
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private static Map<String, String> properties(LocalCluster cluster, LocalNode node, Map<String, String> settings) {
        int count = cluster.nodes().size();
        String replicas = String.valueOf(Math.min(REPLICAS_MAX, count));
        String inSync = String.valueOf(count >= REPLICAS_MAX ? REPLICAS_MAX - 1 : 1);
        Map<String, String> all = new LinkedHashMap<>();
        all.put("process.roles", "broker,controller");
        all.put("node.id", String.valueOf(node.id()));
        all.put("listeners", "PLAINTEXT://" + node.address() + "," + CONTROLLER + "://" + node.controllerAddress());
        all.put("controller.listener.names", CONTROLLER);
        all.put(
                "controller.quorum.bootstrap.servers",
                cluster.nodes().stream().map(LocalNode::controllerAddress).collect(Collectors.joining(",")));
        all.put("log.dirs", absolute(node.data()).toString());
        all.put("default.replication.factor", replicas);
        all.put("min.insync.replicas", inSync);
        all.put("offsets.topic.replication.factor", replicas);
        all.put("transaction.state.log.replication.factor", replicas);
        all.put("transaction.state.log.min.isr", inSync);
        all.put("share.coordinator.state.topic.replication.factor", replicas);
        all.put("share.coordinator.state.topic.min.isr", inSync);
        all.putAll(settings);
        return all;
    }

    private static void write(Path file, Map<String, String> settings) {
        List<String> lines = settings.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue().replace("\\", "\\\\"))
                .toList();
        try {
            Files.write(file, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A node that was made before. */
    static LocalNode read(Path folder) {
        Path file = folder.resolve(MADE);
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
            int id = Integer.parseInt(properties.getProperty("node.id", ""));
            String clients = properties.getProperty("listeners", "").split(",")[0];
            return new LocalNode(id, folder, Integer.parseInt(clients.substring(clients.lastIndexOf(':') + 1)));
        } catch (IOException | NumberFormatException e) {
            throw new Mistake(file + " is not the file of a node that ottla cluster start made: " + e.getMessage());
        }
    }
}
