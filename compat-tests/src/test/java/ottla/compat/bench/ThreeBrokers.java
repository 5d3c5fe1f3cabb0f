package ottla.compat.bench;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartitionInfo;
import ottla.compat.BrokerKind;
import ottla.compat.Clients;
import ottla.compat.Cluster;
import ottla.compat.Cluster.Voters;
import ottla.compat.Waiting;

/** One controller and three brokers of one kind, 101 to 103. */
final class ThreeBrokers implements AutoCloseable {
    static final List<Integer> IDS = List.of(101, 102, 103);

    private final Cluster cluster;

    private ThreeBrokers(Cluster cluster) {
        this.cluster = cluster;
    }

    static ThreeBrokers start(BrokerKind kind, String name) {
        return new ThreeBrokers(new Cluster(name, Voters.STATIC)
                .controllers(kind)
                .brokers(kind, kind, kind)
                .with("min.insync.replicas", "2")
                .start());
    }

    Cluster.Node broker(int id) {
        return cluster.node(id);
    }

    Clients clients() {
        return new Clients(cluster.bootstrap());
    }

    /** Those who know the way when one broker is away. */
    Clients clientsBut(int away) {
        return new Clients(String.join(
                ",",
                cluster.brokers().stream()
                        .filter(broker -> broker.id() != away)
                        .map(Cluster.Node::bootstrap)
                        .toList()));
    }

    /** A topic with its replicas where they are said to be, each partition led by the first of its list; returns when all serve. */
    void createTopic(String topic, Map<Integer, List<Integer>> assignment) throws Exception {
        try (Admin admin = clients().admin()) {
            admin.createTopics(List.of(new NewTopic(topic, assignment))).all().get();
        }
        Ends.await(clients(), topic, assignment.size(), 0);
    }

    /** Waits until all partitions have this many replicas in sync. */
    void awaitInSync(String topic, int replicas) {
        try (Admin admin = clients().admin()) {
            Waiting.until(topic + " has " + replicas + " replicas in sync everywhere", () -> {
                TopicDescription described = admin.describeTopics(List.of(topic))
                        .allTopicNames()
                        .get()
                        .get(topic);
                return described.partitions().stream()
                        .map(TopicPartitionInfo::isr)
                        .allMatch(isr -> isr.size() == replicas);
            });
        }
    }

    /** CPU seconds of all brokers so far. */
    double cpuSeconds() {
        return cluster.brokers().stream()
                        .map(broker -> ProcessHandle.of(broker.process().pid())
                                .flatMap(process -> process.info().totalCpuDuration())
                                .orElseThrow())
                        .reduce(Duration.ZERO, Duration::plus)
                        .toNanos()
                / 1e9;
    }

    @Override
    public void close() {
        cluster.close();
    }
}
