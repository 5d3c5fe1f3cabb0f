package ottla.compat.bench;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.BrokerHeartbeatRequestData;
import org.apache.kafka.common.message.BrokerHeartbeatResponseData;
import org.apache.kafka.common.message.BrokerRegistrationRequestData;
import org.apache.kafka.common.message.BrokerRegistrationResponseData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import ottla.compat.BrokerKind;
import ottla.compat.BrokerProcess;
import ottla.compat.Cluster;
import ottla.compat.RawConnection;
import ottla.compat.Waiting;

/**
 * What controllers do with the metadata of 100,000 partitions. The one broker that has them is played by this test, so that nothing
 * but controllers is measured.
 */
class MetadataBench {
    /** Kafka refuses decisions of more than 10,000 records, and the topic itself is one. */
    private static final int PARTITIONS_OF_A_TOPIC = 9_999;

    private static final int TOPICS = Integer.getInteger("ottla.bench.partitions", 100_000) / PARTITIONS_OF_A_TOPIC;
    private static final int FAILOVERS = 3;
    private static final int BROKER = 101;
    private static final short CREATE_TOPICS_VERSION = 7;

    @Test
    void oneController() throws Exception {
        SideBySide.compare("one controller, " + TOPICS * PARTITIONS_OF_A_TOPIC + " partitions", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (Cluster cluster = controllers(kind)) {
                Cluster.Node only = cluster.controllers().getFirst();
                figures.put("start until active, empty, ms", restartMs(only));
                registerBroker(only);
                create(only, "warm", 1);
                double emptyMb = ProcessFigures.of(only.process()).residentMb();
                double totalMs = 0;
                for (int i = 0; i < TOPICS; i++) {
                    double tookMs = create(only, "topic-" + i, PARTITIONS_OF_A_TOPIC);
                    totalMs += tookMs;
                    if (i == 0) {
                        figures.put("first topic of 9,999, ms", tookMs);
                    }
                }
                figures.put("a topic of 9,999, mean, ms", totalMs / TOPICS);
                double fullMb = ProcessFigures.of(only.process()).residentMb();
                figures.put("resident, empty, MB", emptyMb);
                figures.put("resident, MB", fullMb);
                figures.put("start until active, ms", restartMs(only));
                figures.put(
                        "resident after that, MB",
                        ProcessFigures.of(only.process()).residentMb());
            }
            return figures;
        });
    }

    @Test
    void failover() throws Exception {
        SideBySide.compare("three controllers, " + TOPICS * PARTITIONS_OF_A_TOPIC + " partitions", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (Cluster cluster = controllers(kind, kind, kind)) {
                awaitActive(cluster, any -> true);
                registerBroker(cluster.leader(any -> true));
                for (int i = 0; i < TOPICS; i++) {
                    create(cluster.leader(any -> true), "topic-" + i, PARTITIONS_OF_A_TOPIC);
                }
                double totalMs = 0;
                for (int i = 0; i < FAILOVERS; i++) {
                    cluster.awaitCaughtUp();
                    Cluster.Node killed = cluster.leader(any -> true);
                    long beginNs = System.nanoTime();
                    killed.process().kill();
                    awaitActive(cluster, other -> other.id() != killed.id());
                    totalMs += millisSince(beginNs);
                    killed.restart();
                }
                figures.put("from SIGKILL to the next active, ms", totalMs / FAILOVERS);
            }
            return figures;
        });
    }

    private static Cluster controllers(BrokerKind... kinds) {
        return new Cluster("Metadata", Cluster.Voters.STATIC)
                .controllers(kinds)
                .with("broker.session.timeout.ms", "3600000")
                .with("metadata.log.max.record.bytes.between.snapshots", "1000000")
                .start();
    }

    /** From the start of the process until the controller decides. */
    private static double restartMs(Cluster.Node node) {
        node.process().terminate();
        long beginNs = System.nanoTime();
        node.process().launch();
        Waiting.until(node + " is active", () -> isActive(node));
        return millisSince(beginNs);
    }

    private static void awaitActive(Cluster cluster, Predicate<Cluster.Node> wanted) {
        Waiting.until("a controller is active", () -> {
            for (Cluster.Node node : cluster.controllers()) {
                if (wanted.test(node) && isActive(node)) {
                    return true;
                }
            }
            return false;
        });
    }

    /** Whether it decides: only the active one finds fault with a topic. */
    private static boolean isActive(Cluster.Node node) throws IOException {
        return create(node, "not a name", 1, Mode.TRY) == Errors.INVALID_TOPIC_EXCEPTION;
    }

    private enum Mode {
        TRY,
        DO
    }

    private static double create(Cluster.Node active, String topic, int partitions) throws IOException {
        long beginNs = System.nanoTime();
        Errors error = create(active, topic, partitions, Mode.DO);
        if (error != Errors.NONE) {
            throw new AssertionError("createTopics was answered with " + error);
        }
        return millisSince(beginNs);
    }

    private static Errors create(Cluster.Node node, String topic, int partitions, Mode mode) throws IOException {
        CreateTopicsRequestData.CreatableTopicCollection topics =
                new CreateTopicsRequestData.CreatableTopicCollection();
        topics.add(new CreateTopicsRequestData.CreatableTopic()
                .setName(topic)
                .setNumPartitions(partitions)
                .setReplicationFactor((short) 1));
        try (RawConnection connection = new RawConnection(node.controllerPort())) {
            CreateTopicsResponseData response = (CreateTopicsResponseData) connection.ask(
                    ApiKeys.CREATE_TOPICS,
                    CREATE_TOPICS_VERSION,
                    new CreateTopicsRequestData()
                            .setTopics(topics)
                            .setTimeoutMs(20_000)
                            .setValidateOnly(mode == Mode.TRY));
            return Errors.forCode(response.topics().iterator().next().errorCode());
        }
    }

    private static void registerBroker(Cluster.Node active) throws IOException {
        BrokerRegistrationRequestData.ListenerCollection listeners =
                new BrokerRegistrationRequestData.ListenerCollection();
        listeners.add(new BrokerRegistrationRequestData.Listener()
                .setName("PLAINTEXT")
                .setHost("127.0.0.1")
                .setPort(9));
        BrokerRegistrationRequestData.FeatureCollection features =
                new BrokerRegistrationRequestData.FeatureCollection();
        Map.of(
                        "metadata.version", 30,
                        "kraft.version", 1,
                        "transaction.version", 2,
                        "group.version", 1,
                        "eligible.leader.replicas.version", 1,
                        "share.version", 1,
                        "streams.version", 1)
                .forEach((name, newest) -> features.add(new BrokerRegistrationRequestData.Feature()
                        .setName(name)
                        .setMinSupportedVersion((short) (name.equals("metadata.version") ? 7 : 0))
                        .setMaxSupportedVersion(newest.shortValue())));
        try (RawConnection connection = new RawConnection(active.controllerPort())) {
            BrokerRegistrationResponseData registered = (BrokerRegistrationResponseData) connection.ask(
                    ApiKeys.BROKER_REGISTRATION,
                    4,
                    new BrokerRegistrationRequestData()
                            .setBrokerId(BROKER)
                            .setClusterId(BrokerProcess.CLUSTER_ID)
                            .setIncarnationId(Uuid.randomUuid())
                            .setListeners(listeners)
                            .setFeatures(features)
                            .setLogDirs(List.of(Uuid.randomUuid())));
            if (registered.errorCode() != 0) {
                throw new AssertionError("the broker was refused: " + Errors.forCode(registered.errorCode()));
            }
            BrokerHeartbeatRequestData heartbeat = new BrokerHeartbeatRequestData()
                    .setBrokerId(BROKER)
                    .setBrokerEpoch(registered.brokerEpoch())
                    .setCurrentMetadataOffset(Long.MAX_VALUE);
            Waiting.value(
                    "the broker is unfenced",
                    () -> (BrokerHeartbeatResponseData) connection.ask(ApiKeys.BROKER_HEARTBEAT, 1, heartbeat),
                    answer -> answer.errorCode() == 0 && !answer.isFenced());
        }
    }

    private static double millisSince(long beginNs) {
        return (System.nanoTime() - beginNs) / (double) TimeUnit.MILLISECONDS.toNanos(1);
    }
}
