package ottla.compat.bridge;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import kafka.raft.KafkaRaftManager;
import kafka.server.BrokerServer;
import kafka.server.ControllerServer;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.metadata.FeatureLevelRecord;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.security.plain.PlainLoginModule;
import org.apache.kafka.common.test.JaasModule;
import org.apache.kafka.common.test.JaasUtils;
import org.apache.kafka.common.test.TestKitNode;
import org.apache.kafka.common.test.TestKitNodes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.controller.Controller;
import org.apache.kafka.metadata.properties.MetaProperties;
import org.apache.kafka.metadata.properties.MetaPropertiesEnsemble;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.raft.DynamicVoters;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.apache.kafka.server.common.Feature;
import org.apache.kafka.server.common.KRaftVersion;
import org.apache.kafka.server.common.MetadataVersion;
import ottla.compat.Waiting;

/** The cluster of one test, each node a process. Formatted by Kafka's own formatter, started when the test wants it. */
public final class OutsideCluster {
    private final TestKitNodes nodes;
    private final NodeSettings settings;
    private final boolean standalone;
    private final Optional<Map<Integer, Uuid>> initialVoters;
    private final boolean deleteOnClose;
    private final Path jaas;
    private final Map<Integer, OutsideNode> processes = new LinkedHashMap<>();
    private final Map<Integer, BrokerServer> brokers = new TreeMap<>();
    private final Map<Integer, ControllerServer> controllers = new TreeMap<>();
    private final OutsideQuorum quorum = new OutsideQuorum(processes.values());

    public OutsideCluster(
            TestKitNodes nodes,
            Map<String, Object> configured,
            boolean standalone,
            Optional<Map<Integer, Uuid>> initialVoters,
            boolean deleteOnClose)
            throws IOException {
        this.nodes = nodes;
        this.standalone = standalone;
        this.initialVoters = initialVoters;
        this.deleteOnClose = deleteOnClose;
        settings = new NodeSettings(nodes, configured, !standalone && initialVoters.isEmpty());
        jaas = nodes.brokerListenerProtocol() == SecurityProtocol.SASL_PLAINTEXT ? logins() : null;
        nodes.controllerNodes().keySet().forEach(this::add);
        nodes.brokerNodes().keySet().forEach(this::add);
    }

    private void add(int id) {
        boolean isBroker = nodes.brokerNodes().containsKey(id);
        OutsideNode process = processes.computeIfAbsent(id, any -> node(id, isBroker));
        if (isBroker) {
            brokers.computeIfAbsent(id, any -> OutsideBroker.of(process, settings, quorum, nodes.clusterId()));
        }
        if (nodes.controllerNodes().containsKey(id)) {
            controllers.computeIfAbsent(id, any -> OutsideController.of(process, settings, quorum, nodes.clusterId()));
        }
    }

    private OutsideNode node(int id, boolean isBroker) {
        Map<String, String> own = settings.of(id);
        String listener = (isBroker ? nodes.brokerListenerName() : nodes.controllerListenerName()).value();
        return new OutsideNode(
                id,
                own,
                settings.port(id, listener),
                isBroker,
                isBroker ? nodes.brokerListenerProtocol() : nodes.controllerListenerProtocol(),
                jaas);
    }

    private static Path logins() throws IOException {
        Map<String, String> users = Map.of(
                JaasUtils.KAFKA_PLAIN_USER1, JaasUtils.KAFKA_PLAIN_USER1_PASSWORD,
                JaasUtils.KAFKA_PLAIN_ADMIN, JaasUtils.KAFKA_PLAIN_ADMIN_PASSWORD);
        JaasModule module = JaasModule.plainLoginModule(
                JaasUtils.KAFKA_PLAIN_ADMIN, JaasUtils.KAFKA_PLAIN_ADMIN_PASSWORD, true, users);
        File file = JaasUtils.writeJaasContextsToFile(
                Set.of(new JaasUtils.JaasSection(JaasUtils.KAFKA_SERVER_CONTEXT_NAME, List.of(module))));
        JaasUtils.refreshJavaLoginConfigParam(file);
        return file.toPath();
    }

    /** The settings with which a client logs in as the administrator, where that is needed. */
    public static void logIn(Map<String, Object> client, SecurityProtocol protocol) {
        client.putIfAbsent(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, protocol.name);
        if (protocol == SecurityProtocol.SASL_PLAINTEXT) {
            client.putIfAbsent(SaslConfigs.SASL_MECHANISM, "PLAIN");
            client.putIfAbsent(
                    SaslConfigs.SASL_JAAS_CONFIG,
                    PlainLoginModule.class.getName() + " required username=\"" + JaasUtils.KAFKA_PLAIN_ADMIN
                            + "\" password=\"" + JaasUtils.KAFKA_PLAIN_ADMIN_PASSWORD + "\";");
        }
    }

    /** With Kafka's own formatter, at the versions that the test asks for. */
    public void format() throws Exception {
        for (OutsideNode node : processes.values()) {
            format(node);
        }
    }

    private void format(OutsideNode node) throws Exception {
        Path metadata = Path.of(node.config().metadataLogDir());
        Files.createDirectories(metadata);
        List<String> directories = new ArrayList<>(node.config().logDirs());
        if (!directories.contains(metadata.toString())) {
            directories.add(metadata.toString());
        }
        for (String directory : directories) {
            Files.createDirectories(Path.of(directory));
        }
        Formatter formatter = new Formatter();
        formatter.setNodeId(node.id());
        formatter.setClusterId(nodes.clusterId());
        formatter.setDirectories(directories);
        formatter.setReleaseVersion(nodes.bootstrapMetadata().metadataVersion());
        featureLevels().forEach(formatter::setFeatureLevel);
        formatter.setUnstableFeatureVersionsEnabled(true);
        formatter.setIgnoreFormatted(false);
        formatter.setControllerListenerName(nodes.controllerListenerName().value());
        formatter.setMetadataLogDirectory(metadata.toString());
        if (standalone) {
            TestKitNode first = nodes.controllerNodes().firstEntry().getValue();
            if (first.id() == node.id()) {
                formatter.setInitialControllers(DynamicVoters.parse(voter(first.id(), first.metadataDirectoryId())));
            }
            formatter.setHasDynamicQuorum(true);
        } else if (initialVoters.isPresent()) {
            String voters = initialVoters.get().entrySet().stream()
                    .map(voter -> voter(voter.getKey(), voter.getValue()))
                    .collect(Collectors.joining(","));
            formatter.setInitialControllers(DynamicVoters.parse(voters));
            formatter.setHasDynamicQuorum(true);
        }
        formatter.run();
        keepDirectoryIds(node.id());
    }

    /** The ids of directories are those of the test's kit, since tests know them from there. */
    private void keepDirectoryIds(int id) throws IOException {
        TestKitNode made = nodes.controllerNodes().get(id);
        if (made == null) {
            made = nodes.brokerNodes().get(id);
        }
        for (Map.Entry<String, MetaProperties> directory :
                made.initialMetaPropertiesEnsemble().logDirProps().entrySet()) {
            Path file = Path.of(directory.getKey(), MetaPropertiesEnsemble.META_PROPERTIES_NAME);
            Properties properties = Utils.loadProps(file.toString());
            properties.setProperty(
                    "directory.id",
                    directory.getValue().directoryId().orElseThrow().toString());
            try (OutputStream out = Files.newOutputStream(file)) {
                properties.store(out, null);
            }
        }
    }

    /** What the test does not bring along is off: the formatter would turn it on. The versions that it finds itself are left to it. */
    private Map<String, Short> featureLevels() {
        Map<String, Short> levels = new HashMap<>();
        Feature.PRODUCTION_FEATURES.forEach(feature -> levels.put(feature.featureName(), (short) 0));
        nodes.bootstrapMetadata().records().stream()
                .map(ApiMessageAndVersion::message)
                .filter(FeatureLevelRecord.class::isInstance)
                .map(FeatureLevelRecord.class::cast)
                .forEach(feature -> levels.put(feature.name(), feature.featureLevel()));
        levels.keySet().removeAll(Set.of(MetadataVersion.FEATURE_NAME, KRaftVersion.FEATURE_NAME));
        return levels;
    }

    private String voter(int id, Uuid directory) {
        return id + "@localhost:"
                + settings.port(id, nodes.controllerListenerName().value()) + ":" + directory;
    }

    /** Starts all nodes at once and returns when each is ready. */
    public void start() {
        processes.values().forEach(OutsideNode::launch);
        processes.values().forEach(OutsideNode::awaitReady);
    }

    /** Waits until every broker knows of every other. */
    public void awaitBrokers() {
        List<OutsideNode> all =
                processes.values().stream().filter(OutsideNode::isBroker).toList();
        Waiting.until(
                "all brokers know of each other",
                () -> all.stream()
                        .allMatch(one ->
                                all.stream().allMatch(other -> OutsideNode.knowsBroker(one.metadata(), other.id()))));
    }

    public Controller awaitActiveController() {
        int leader = Waiting.value("a controller is active", quorum::leader, id -> id >= 0);
        return controllers.get(leader).controller();
    }

    public String brokerAddresses() {
        return addresses(brokers.keySet(), nodes.brokerListenerName().value());
    }

    public String controllerAddresses() {
        return addresses(controllers.keySet(), nodes.controllerListenerName().value());
    }

    private String addresses(Set<Integer> ids, String listener) {
        return ids.stream()
                .map(id -> "localhost:" + settings.port(id, listener))
                .collect(Collectors.joining(","));
    }

    public Map<Integer, BrokerServer> brokers() {
        return brokers;
    }

    public Map<Integer, ControllerServer> controllers() {
        return controllers;
    }

    public Map<Integer, KafkaRaftManager<ApiMessageAndVersion>> raftManagers() {
        Map<Integer, KafkaRaftManager<ApiMessageAndVersion>> managers = new HashMap<>();
        processes.forEach((id, process) -> managers.put(id, OutsideController.raftManager(process, quorum)));
        return managers;
    }

    /** What a test leaves behind nobody needs, unless it says so: then its nodes stop in order. */
    public void close() throws IOException {
        if (!deleteOnClose) {
            brokers.keySet().forEach(id -> processes.get(id).stop());
            controllers.keySet().forEach(id -> processes.get(id).stop());
        }
        processes.values().forEach(OutsideNode::close);
        if (deleteOnClose) {
            Utils.delete(new File(nodes.baseDirectory()));
            if (jaas != null) {
                Files.deleteIfExists(jaas);
            }
        }
    }
}
