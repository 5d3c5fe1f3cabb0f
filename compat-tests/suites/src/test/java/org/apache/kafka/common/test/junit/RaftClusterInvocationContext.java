package org.apache.kafka.common.test.junit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import kafka.server.BrokerServer;
import kafka.server.ControllerServer;
import kafka.server.KafkaBroker;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.test.ClusterInstance;
import org.apache.kafka.common.test.KafkaClusterTestKit;
import org.apache.kafka.common.test.TestKitNodes;
import org.apache.kafka.common.test.api.ClusterConfig;
import org.apache.kafka.common.test.api.Type;
import org.apache.kafka.metadata.bootstrap.BootstrapMetadata;
import org.apache.kafka.server.common.Feature;
import org.apache.kafka.server.common.MetadataVersion;
import org.apache.kafka.server.fault.FaultHandlerException;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;

/**
 * Stands where Kafka's {@code @ClusterTest} extension looks for what gives each run of a test its cluster: here one made of processes.
 */
public class RaftClusterInvocationContext implements TestTemplateInvocationContext {
    /** Tags that say nothing. */
    private static final List<String> USUAL = List.of(
            "MetadataVersion=" + MetadataVersion.latestTesting(),
            "BrokerSecurityProtocol=PLAINTEXT",
            "ControllerSecurityProtocol=PLAINTEXT",
            "BrokerListenerName=",
            "ControllerListenerName=");

    private final String name;
    private final ClusterConfig config;
    private final boolean isCombined;

    public RaftClusterInvocationContext(String baseDisplayName, ClusterConfig clusterConfig, boolean isCombined) {
        name = baseDisplayName;
        config = clusterConfig;
        this.isCombined = isCombined;
    }

    @Override
    public String getDisplayName(int invocationIndex) {
        List<String> tags = new ArrayList<>();
        tags.add(isCombined ? "combined" : "isolated");
        config.displayTags().stream()
                .filter(tag -> USUAL.stream().noneMatch(tag::startsWith))
                .forEach(tags::add);
        return name + " [" + invocationIndex + "] " + String.join(",", tags);
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
        ProcessCluster cluster = new ProcessCluster(config, isCombined);
        BeforeEachCallback before = context -> {
            cluster.format();
            if (config.isAutoStart()) {
                cluster.start();
            }
        };
        AfterTestExecutionCallback after = context -> cluster.stop();
        return List.of(before, after, new ClusterInstanceParameterResolver(cluster));
    }

    private static final class ProcessCluster implements ClusterInstance {
        private final ClusterConfig config;
        private final boolean isCombined;
        private KafkaClusterTestKit kit;
        private boolean started;
        private boolean stopped;

        ProcessCluster(ClusterConfig config, boolean isCombined) {
            this.config = config;
            this.isCombined = isCombined;
        }

        void format() throws Exception {
            if (kit != null) {
                return;
            }
            TestKitNodes nodes = new TestKitNodes.Builder()
                    .setBootstrapMetadata(
                            BootstrapMetadata.fromVersions(config.metadataVersion(), features(), "bridge"))
                    .setCombined(isCombined)
                    .setNumBrokerNodes(config.numBrokers())
                    .setNumControllerNodes(config.numControllers())
                    .setNumDisksPerBroker(config.numDisksPerBroker())
                    .setPerServerProperties(config.perServerOverrideProperties())
                    .setBrokerListenerName(config.brokerListenerName())
                    .setBrokerSecurityProtocol(config.brokerSecurityProtocol())
                    .setControllerListenerName(config.controllerListenerName())
                    .setControllerSecurityProtocol(config.controllerSecurityProtocol())
                    .build();
            KafkaClusterTestKit.Builder builder = new KafkaClusterTestKit.Builder(nodes);
            config.serverProperties().forEach(builder::setConfigProp);
            builder.setStandalone(config.standalone());
            kit = builder.build();
            kit.format();
        }

        /** Each feature at the level that the test names, or that its metadata version brings along. */
        private Map<String, Short> features() {
            MetadataVersion version = config.metadataVersion();
            Map<String, Short> levels = new TreeMap<>();
            Feature.PRODUCTION_FEATURES.forEach(
                    feature -> levels.put(feature.featureName(), feature.defaultLevel(version)));
            config.features().forEach((feature, level) -> levels.put(feature.featureName(), level));
            levels.put(MetadataVersion.FEATURE_NAME, version.featureLevel());
            return levels;
        }

        @Override
        public void start() {
            if (started) {
                return;
            }
            try {
                format();
                started = true;
                kit.startup();
            } catch (Exception failed) {
                throw new IllegalStateException("the cluster did not start", failed);
            }
        }

        @Override
        public boolean started() {
            return started;
        }

        @Override
        public void stop() {
            if (stopped) {
                return;
            }
            stopped = true;
            try {
                kit.close();
            } catch (Exception failed) {
                throw new IllegalStateException("the cluster did not end", failed);
            }
        }

        @Override
        public boolean stopped() {
            return stopped;
        }

        @Override
        public Type type() {
            return isCombined ? Type.CO_KRAFT : Type.KRAFT;
        }

        @Override
        public ClusterConfig config() {
            return config;
        }

        @Override
        public Map<Integer, KafkaBroker> brokers() {
            return new TreeMap<>(kit.brokers());
        }

        @Override
        public Map<Integer, ControllerServer> controllers() {
            return kit.controllers();
        }

        @Override
        public Set<Integer> controllerIds() {
            return kit.controllers().keySet();
        }

        @Override
        public ListenerName clientListener() {
            return config.brokerListenerName();
        }

        @Override
        public ListenerName controllerListenerName() {
            return config.controllerListenerName();
        }

        @Override
        public String bootstrapServers() {
            return kit.bootstrapServers();
        }

        @Override
        public String bootstrapControllers() {
            return kit.bootstrapControllers();
        }

        @Override
        public String clusterId() {
            return kit.nodes().clusterId();
        }

        /** A broker can be told to do without the new protocol, and a cluster's features as well. */
        @Override
        public Set<GroupProtocol> supportedGroupProtocols() {
            boolean isNew = kit.brokers().values().stream()
                            .allMatch(broker -> broker.config()
                                    .getList("group.coordinator.rebalance.protocols")
                                    .contains("consumer"))
                    && features().get(Feature.GROUP_VERSION.featureName()) > 0;
            return isNew ? Set.of(GroupProtocol.CLASSIC, GroupProtocol.CONSUMER) : Set.of(GroupProtocol.CLASSIC);
        }

        @Override
        public Optional<FaultHandlerException> firstFatalException() {
            return Optional.empty();
        }

        @Override
        public Optional<FaultHandlerException> firstNonFatalException() {
            return Optional.empty();
        }

        @Override
        public void shutdownBroker(int brokerId) {
            broker(brokerId).shutdown();
        }

        @Override
        public void startBroker(int brokerId) {
            broker(brokerId).startup();
        }

        private BrokerServer broker(int id) {
            BrokerServer found = kit.brokers().get(id);
            if (found == null) {
                throw new IllegalArgumentException("there is no broker " + id);
            }
            return found;
        }

        @Override
        public void waitForReadyBrokers() throws InterruptedException {
            try {
                kit.waitForReadyBrokers();
            } catch (java.util.concurrent.ExecutionException failed) {
                throw new AssertionError("the brokers are not ready", failed);
            }
        }
    }
}
