package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Creates topics one after the other through a cluster's brokers, without a pause, and remembers which of them were acknowledged.
 * Runs on a thread of its own until {@link #close}.
 */
final class TopicStream implements AutoCloseable {
    private static final int TIMEOUT_MS = 60_000;

    private final Cluster cluster;
    private final List<String> bootstraps;
    private final String prefix;
    private final short replication;
    private final Set<String> acknowledged = new ConcurrentSkipListSet<>();
    private final Thread thread = new Thread(this::run, "topics");
    private volatile boolean ending;
    private volatile Exception failure;

    private TopicStream(Cluster cluster, List<String> bootstraps, String prefix, int replication) {
        this.cluster = cluster;
        this.bootstraps = bootstraps;
        this.prefix = prefix;
        this.replication = (short) replication;
        thread.start();
    }

    /** Each broker in turn; for clusters whose brokers stay. */
    static TopicStream throughEach(Cluster cluster, String prefix, int replication) {
        return new TopicStream(
                cluster, cluster.brokers().stream().map(Cluster.Node::bootstrap).toList(), prefix, replication);
    }

    /** Any broker that answers. */
    static TopicStream throughAny(Cluster cluster, String prefix, int replication) {
        return new TopicStream(cluster, List.of(cluster.bootstrap()), prefix, replication);
    }

    private void run() {
        List<Admin> admins = bootstraps.stream()
                .map(bootstrap -> Admin.create(Map.of(
                        AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                        "100",
                        CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG,
                        String.valueOf(TIMEOUT_MS),
                        AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                        String.valueOf(TIMEOUT_MS))))
                .toList();
        try {
            for (int i = 0; !ending; i++) {
                create(admins.get(i % admins.size()), prefix + "-" + i);
            }
        } catch (ExecutionException | InterruptedException e) {
            failure = e;
        } finally {
            admins.forEach(Admin::close);
        }
    }

    private void create(Admin admin, String topic) throws ExecutionException, InterruptedException {
        try {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(1), Optional.of(replication))))
                    .all()
                    .get();
        } catch (ExecutionException e) {
            // asked again after the controller had died that carried it out
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
        acknowledged.add(topic);
    }

    int count() {
        return acknowledged.size();
    }

    /** Returns when so many more topics are acknowledged than now. */
    void awaitMore(int topics) {
        int wanted = count() + topics;
        Waiting.until(wanted + " topics are acknowledged", () -> {
            assertAlive();
            return count() >= wanted;
        });
    }

    private void assertAlive() {
        assertThat(failure).isNull();
    }

    /**
     * Asserts that every broker knows every topic that is acknowledged by now, and deletes these, so that a long run does not become a
     * large one.
     */
    void assertNothingLostAndBeginAnew() throws Exception {
        assertAlive();
        Set<String> now = Set.copyOf(acknowledged);
        assertKnown(now);
        try (Admin admin = new Clients(cluster.bootstrap()).admin()) {
            acknowledged.removeAll(now);
            admin.deleteTopics(now).all().get();
        }
    }

    /** Ends the stream, and asserts that every broker knows every topic that was acknowledged. */
    void assertNothingLost() throws Exception {
        close();
        assertAlive();
        assertKnown(acknowledged);
    }

    private void assertKnown(Set<String> topics) throws Exception {
        for (Cluster.Node broker : cluster.brokers()) {
            try (Admin admin = new Clients(broker.bootstrap()).admin()) {
                Waiting.until(
                        broker + " knows all topics",
                        () -> admin.listTopics().names().get().containsAll(topics));
            }
        }
    }

    @Override
    public void close() {
        ending = true;
        try {
            thread.join(2L * TIMEOUT_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
