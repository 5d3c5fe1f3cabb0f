package ottla.compat.bridge;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import kafka.server.KafkaConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.SaslAuthenticateRequestData;
import org.apache.kafka.common.message.SaslAuthenticateResponseData;
import org.apache.kafka.common.message.SaslHandshakeRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeConfigsResponse;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.test.JaasUtils;
import org.apache.kafka.server.ProcessRole;
import ottla.compat.BrokerKind;
import ottla.compat.NodeProcess;
import ottla.compat.RawConnection;

/** A node of a test's cluster as a process, and what can be asked of it over its ports and read in its directories. */
public final class OutsideNode {
    /** Which kind of nodes all clusters are made of. */
    private static final BrokerKind KIND =
            BrokerKind.valueOf(System.getProperty("ottla.suite.kind", "ottla").toUpperCase(Locale.ROOT));

    /** Tells the processes of runs side by side apart. */
    private static final String RUN = System.getProperty("ottla.suite.run", "suite");

    /** Where a value comes from that was changed while the node runs: for it, or for all (KIP-226). */
    private static final Set<Byte> CHANGED = Set.of(
            DescribeConfigsResponse.ConfigSource.DYNAMIC_BROKER_CONFIG.id(),
            DescribeConfigsResponse.ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.id());

    private final int id;
    private final KafkaConfig config;
    private final int port;
    private final boolean isBroker;
    private final SecurityProtocol protocol;
    private final NodeProcess process;
    private boolean wasStarted;

    /**
     * @param port the one that is asked: of the brokers' listener, or else of the controllers'
     * @param jaas a file with the node's logins, or null
     */
    OutsideNode(
            int id, Map<String, String> settings, int port, boolean isBroker, SecurityProtocol protocol, Path jaas) {
        this.id = id;
        this.port = port;
        this.isBroker = isBroker;
        this.protocol = protocol;
        config = new KafkaConfig(settings, false);
        List<String> shell = jaas == null
                ? List.of()
                : List.of("env", "JAVA_TOOL_OPTIONS=-Djava.security.auth.login.config=" + jaas);
        process = new NodeProcess(KIND, RUN + "-node-" + id, shell, port, this::isReady);
        process.liveShortly();
        process.configure(settings);
    }

    int id() {
        return id;
    }

    KafkaConfig config() {
        return config;
    }

    boolean isBroker() {
        return isBroker;
    }

    boolean isController() {
        return config.processRoles().contains(ProcessRole.ControllerRole);
    }

    /** With what was changed while it runs, as far as it tells: no passwords. */
    KafkaConfig configNow() {
        if (!isRunning() || !isBroker) {
            return config;
        }
        Map<String, Object> settings = new HashMap<>(config.originals());
        settings.putAll(asked(this::changedSettings));
        return new KafkaConfig(settings, false);
    }

    private Map<String, String> changedSettings() throws IOException {
        DescribeConfigsRequestData request = new DescribeConfigsRequestData()
                .setResources(List.of(new DescribeConfigsRequestData.DescribeConfigsResource()
                        .setResourceType(ConfigResource.Type.BROKER.id())
                        .setResourceName(String.valueOf(id))
                        .setConfigurationKeys(null)));
        Map<String, String> changed = new HashMap<>();
        try (RawConnection connection = connect()) {
            DescribeConfigsResponseData answer =
                    (DescribeConfigsResponseData) connection.ask(ApiKeys.DESCRIBE_CONFIGS, 4, request);
            answer.results().get(0).configs().stream()
                    .filter(entry -> CHANGED.contains(entry.configSource()) && entry.value() != null)
                    .forEach(entry -> changed.put(entry.name(), entry.value()));
        }
        return changed;
    }

    int port() {
        return port;
    }

    boolean isRunning() {
        return process.isAlive();
    }

    boolean wasStarted() {
        return wasStarted;
    }

    /** Begins to start it. */
    void launch() {
        process.launch();
        wasStarted = true;
    }

    void awaitReady() {
        process.awaitReady();
    }

    /** A clean stop, if it runs. */
    void stop() {
        if (process.isAlive()) {
            process.terminate();
        }
    }

    /** Ends it at once and forgets its file. */
    void close() {
        process.close();
    }

    private boolean isReady(RawConnection connection) throws IOException {
        if (!isBroker) {
            return connection.isAnswered();
        }
        if (protocol != SecurityProtocol.PLAINTEXT) {
            logIn(connection);
        }
        return knowsBroker(metadata(connection, List.of()), id);
    }

    static boolean knowsBroker(MetadataResponseData metadata, int id) {
        return metadata.brokers().find(id) != null;
    }

    private static MetadataResponseData metadata(RawConnection connection, List<String> topics) throws IOException {
        List<MetadataRequestData.MetadataRequestTopic> wanted = new ArrayList<>();
        topics.forEach(topic -> wanted.add(new MetadataRequestData.MetadataRequestTopic().setName(topic)));
        return ask(connection, new MetadataRequestData().setTopics(wanted));
    }

    private static MetadataResponseData ask(RawConnection connection, MetadataRequestData request) throws IOException {
        request.setAllowAutoTopicCreation(false);
        return (MetadataResponseData) connection.ask(ApiKeys.METADATA, 12, request);
    }

    private static void logIn(RawConnection connection) throws IOException {
        connection.ask(ApiKeys.SASL_HANDSHAKE, 1, new SaslHandshakeRequestData().setMechanism("PLAIN"));
        byte[] token = ("\0" + JaasUtils.KAFKA_PLAIN_ADMIN + "\0" + JaasUtils.KAFKA_PLAIN_ADMIN_PASSWORD)
                .getBytes(StandardCharsets.UTF_8);
        SaslAuthenticateResponseData answer = (SaslAuthenticateResponseData)
                connection.ask(ApiKeys.SASL_AUTHENTICATE, 2, new SaslAuthenticateRequestData().setAuthBytes(token));
        if (answer.errorCode() != Errors.NONE.code()) {
            throw new SaslAuthenticationException(answer.errorMessage());
        }
    }

    /** The cluster as this broker sees it, with the topics named. */
    MetadataResponseData metadata(String... topics) {
        return asked(() -> {
            try (RawConnection connection = connect()) {
                return metadata(connection, List.of(topics));
            }
        });
    }

    MetadataResponseData allTopics() {
        return asked(() -> {
            try (RawConnection connection = connect()) {
                return ask(connection, new MetadataRequestData().setTopics(null));
            }
        });
    }

    RawConnection connect() throws IOException {
        RawConnection connection = new RawConnection(port);
        if (protocol != SecurityProtocol.PLAINTEXT) {
            logIn(connection);
        }
        return connection;
    }

    /** Who does not answer has nothing to show yet; the tests ask again. */
    static <T> T asked(Callable<T> question) {
        try {
            return question.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("the node does not answer", e);
        }
    }

    /** Whether one of its directories has a partition's log. */
    boolean hasLog(TopicPartition partition) {
        return config.logDirs().stream()
                .anyMatch(directory -> Files.isDirectory(Path.of(directory).resolve(partition.toString())));
    }

    @Override
    public String toString() {
        return KIND + " " + id;
    }
}
