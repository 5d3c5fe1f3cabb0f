package ottla.compat.bridge;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.test.JaasUtils;
import org.apache.kafka.common.test.TestKitNode;
import org.apache.kafka.common.test.TestKitNodes;
import ottla.compat.Ports;

/** The configuration files of a test's nodes, and on which ports they listen. */
final class NodeSettings {
    private static final String HOST = "localhost";

    private final TestKitNodes nodes;
    private final Map<String, String> common;
    private final boolean voters;

    /** Chosen when first asked for: by node and listener. */
    private final Map<Integer, Map<String, Integer>> ports = new HashMap<>();

    /** @param voters whether the quorum's voters stand in the file, or in the metadata log (KIP-853) */
    NodeSettings(TestKitNodes nodes, Map<String, Object> common, boolean voters) {
        this.nodes = nodes;
        this.common = texts(common);
        this.voters = voters;
    }

    /** The port of a node on a listener; a test may have chosen it. */
    int port(int node, String listener) {
        return ports.computeIfAbsent(node, any -> new TreeMap<>(String.CASE_INSENSITIVE_ORDER))
                .computeIfAbsent(listener, any -> Ports.free());
    }

    Map<String, String> of(int node) {
        TestKitNode broker = nodes.brokerNodes().get(node);
        TestKitNode controller = nodes.controllerNodes().get(node);
        Map<String, String> settings = new TreeMap<>(common);
        settings.put("node.id", String.valueOf(node));
        settings.put("process.roles", roles(broker, controller));
        settings.put("metadata.log.dir", (controller == null ? broker : controller).metadataDirectory());
        settings.put(
                "log.dirs",
                broker == null ? controller.metadataDirectory() : String.join(",", broker.logDataDirectories()));
        if (broker != null) {
            settings.remove("controller.quorum.auto.join.enable");
            settings.putAll(broker.propertyOverrides());
        }
        if (controller != null) {
            settings.putAll(controller.propertyOverrides());
        }
        settings.putIfAbsent("server.max.startup.time.ms", "600000");
        settings.putIfAbsent("log.cleaner.dedupe.buffer.size", "2097152");
        settings.putIfAbsent("unstable.feature.versions.enable", "true");
        settings.putIfAbsent("unstable.api.versions.enable", "true");
        listeners(node, settings);
        if (voters) {
            settings.put("controller.quorum.voters", controllers(true));
        } else {
            settings.put("controller.quorum.bootstrap.servers", controllers(false));
        }
        if (broker != null) {
            secure(settings, nodes.brokerListenerProtocol());
        }
        if (controller != null) {
            secure(settings, nodes.controllerListenerProtocol());
        }
        return settings;
    }

    private static String roles(TestKitNode broker, TestKitNode controller) {
        List<String> roles = new ArrayList<>();
        if (broker != null) {
            roles.add("broker");
        }
        if (controller != null) {
            roles.add("controller");
        }
        return String.join(",", roles);
    }

    private void listeners(int node, Map<String, String> settings) {
        String brokers = nodes.brokerListenerName().value();
        String controllers = nodes.controllerListenerName().value();
        settings.putIfAbsent(
                "listener.security.protocol.map",
                brokers + ":" + nodes.brokerListenerProtocol().name + "," + controllers + ":"
                        + nodes.controllerListenerProtocol().name);
        settings.putIfAbsent("inter.broker.listener.name", brokers);
        settings.putIfAbsent("controller.listener.names", controllers);
        List<String> own = new ArrayList<>();
        if (nodes.brokerNodes().containsKey(node)) {
            own.add(brokers + "://" + HOST + ":0");
        }
        if (nodes.controllerNodes().containsKey(node)) {
            own.add(controllers + "://" + HOST + ":0");
        }
        settings.putIfAbsent("listeners", String.join(",", own));
        chosenPorts(node, settings.get("listeners"));
        settings.computeIfPresent("listeners", (key, list) -> withPorts(node, list));
        settings.computeIfPresent("advertised.listeners", (key, list) -> withPorts(node, list));
    }

    /** What a node advertises may be another port than the one that it listens on. */
    private void chosenPorts(int node, String listeners) {
        for (String listener : listeners.split(",")) {
            int port = Integer.parseInt(portOf(listener));
            if (port != 0) {
                ports.computeIfAbsent(node, any -> new TreeMap<>(String.CASE_INSENSITIVE_ORDER))
                        .put(nameOf(listener), port);
            }
        }
    }

    /** Port 0 is any: another process could not tell which one it took. */
    private String withPorts(int node, String listeners) {
        List<String> all = new ArrayList<>();
        for (String listener : listeners.split(",")) {
            String upToPort = listener.substring(0, listener.lastIndexOf(':') + 1);
            all.add(portOf(listener).equals("0") ? upToPort + port(node, nameOf(listener)) : listener);
        }
        return String.join(",", all);
    }

    private static String nameOf(String listener) {
        return listener.strip().split("://")[0];
    }

    private static String portOf(String listener) {
        return listener.substring(listener.lastIndexOf(':') + 1).strip();
    }

    private String controllers(boolean named) {
        return nodes.controllerNodes().keySet().stream()
                .map(node -> (named ? node + "@" : "") + HOST + ":"
                        + port(node, nodes.controllerListenerName().value()))
                .collect(Collectors.joining(","));
    }

    private static void secure(Map<String, String> settings, SecurityProtocol protocol) {
        if (protocol != SecurityProtocol.SASL_PLAINTEXT) {
            return;
        }
        settings.putIfAbsent("sasl.enabled.mechanisms", "PLAIN");
        settings.putIfAbsent("sasl.mechanism.inter.broker.protocol", "PLAIN");
        settings.putIfAbsent("sasl.mechanism.controller.protocol", "PLAIN");
        settings.putIfAbsent("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
        settings.putIfAbsent("allow.everyone.if.no.acl.found", "false");
        settings.putIfAbsent("super.users", "User:" + JaasUtils.KAFKA_PLAIN_ADMIN);
    }

    private static Map<String, String> texts(Map<String, Object> settings) {
        Map<String, String> texts = new HashMap<>();
        settings.forEach((key, value) -> texts.put(key, String.valueOf(value)));
        return texts;
    }
}
