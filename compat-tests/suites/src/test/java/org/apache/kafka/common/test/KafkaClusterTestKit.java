package org.apache.kafka.common.test;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import kafka.raft.KafkaRaftManager;
import kafka.server.BrokerServer;
import kafka.server.ControllerServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.controller.Controller;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import ottla.compat.bridge.OutsideCluster;

/**
 * Stands where Kafka's tests look for the cluster of their kit, and gives them one made of processes. It has the same methods as far as
 * tests use them; what is behind them is {@link OutsideCluster}.
 */
public class KafkaClusterTestKit implements AutoCloseable {
    private final OutsideCluster cluster;
    private final TestKitNodes nodes;
    private final MockFaultHandler fatalFaultHandler = new MockFaultHandler("fatalFaultHandler");
    private final MockFaultHandler nonFatalFaultHandler = new MockFaultHandler("nonFatalFaultHandler");

    private KafkaClusterTestKit(TestKitNodes nodes, OutsideCluster cluster) {
        this.nodes = nodes;
        this.cluster = cluster;
    }

    public static class Builder {
        private final TestKitNodes nodes;
        private final Map<String, Object> settings = new HashMap<>();
        private boolean standalone;
        private Optional<Map<Integer, Uuid>> initialVoters = Optional.empty();
        private boolean deleteOnClose = true;

        public Builder(TestKitNodes nodes) {
            this.nodes = nodes;
        }

        public Builder setConfigProp(String key, Object value) {
            settings.put(key, value);
            return this;
        }

        public Builder setStandalone(boolean standalone) {
            this.standalone = standalone;
            return this;
        }

        public Builder setInitialVoterSet(Map<Integer, Uuid> initialVoterSet) {
            initialVoters = Optional.of(initialVoterSet);
            return this;
        }

        public Builder setDeleteOnClose(boolean deleteOnClose) {
            this.deleteOnClose = deleteOnClose;
            return this;
        }

        public KafkaClusterTestKit build() throws Exception {
            return new KafkaClusterTestKit(
                    nodes, new OutsideCluster(nodes, settings, standalone, initialVoters, deleteOnClose));
        }
    }

    public void format() throws Exception {
        cluster.format();
    }

    public void startup() throws ExecutionException, InterruptedException {
        cluster.start();
    }

    public void waitForReadyBrokers() throws ExecutionException, InterruptedException {
        cluster.awaitBrokers();
    }

    public Admin admin() {
        return admin(Map.of());
    }

    public Admin admin(Map<String, Object> configs) {
        return admin(configs, false);
    }

    public Admin admin(Map<String, Object> configs, boolean usingBootstrapControllers) {
        Map<String, Object> all = new HashMap<>(configs);
        if (usingBootstrapControllers) {
            all.remove(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG);
            all.putIfAbsent(AdminClientConfig.BOOTSTRAP_CONTROLLERS_CONFIG, bootstrapControllers());
        } else {
            all.remove(AdminClientConfig.BOOTSTRAP_CONTROLLERS_CONFIG);
            all.putIfAbsent(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers());
        }
        SecurityProtocol protocol =
                usingBootstrapControllers ? nodes.controllerListenerProtocol() : nodes.brokerListenerProtocol();
        OutsideCluster.logIn(all, protocol);
        return Admin.create(all);
    }

    public String bootstrapServers() {
        return cluster.brokerAddresses();
    }

    public String bootstrapControllers() {
        return cluster.controllerAddresses();
    }

    public Map<Integer, ControllerServer> controllers() {
        return cluster.controllers();
    }

    public Controller waitForActiveController() throws InterruptedException {
        return cluster.awaitActiveController();
    }

    public Map<Integer, BrokerServer> brokers() {
        return cluster.brokers();
    }

    public Map<Integer, KafkaRaftManager<ApiMessageAndVersion>> raftManagers() {
        return cluster.raftManagers();
    }

    public TestKitNodes nodes() {
        return nodes;
    }

    public MockFaultHandler fatalFaultHandler() {
        return fatalFaultHandler;
    }

    public MockFaultHandler nonFatalFaultHandler() {
        return nonFatalFaultHandler;
    }

    @Override
    public void close() throws IOException {
        cluster.close();
    }
}
