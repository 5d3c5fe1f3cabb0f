package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.compat.BrokerKind.KAFKA;
import static ottla.compat.BrokerKind.OTTLA;

import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/**
 * The controllers of a cluster are replaced by those of the other kind while it works, one at a time and with the stock tool, and then by
 * those of the first kind again. Each newcomer's disk is empty: it catches up from a snapshot that the other kind wrote.
 */
class ControllerMigrationTest {
    private static final String TOOL = "org.apache.kafka.tools.MetadataQuorumCommand";

    @Test
    void kafkasQuorumBecomesOttlasAndKafkasAgain() throws Exception {
        try (Cluster cluster = new Cluster("Migration", Cluster.Voters.DYNAMIC)
                        .controllers(KAFKA, KAFKA)
                        .candidates(OTTLA, OTTLA, KAFKA, KAFKA)
                        .brokers(OTTLA, KAFKA)
                        .ofShortLife()
                        .with("metadata.log.max.record.bytes.between.snapshots", "3000")
                        .start();
                TopicStream topics = TopicStream.throughEach(cluster, "kept", 1)) {
            List<Cluster.Node> kafkas = List.of(cluster.node(1), cluster.node(2));
            List<Cluster.Node> ottlas = List.of(cluster.node(3), cluster.node(4));
            List<Cluster.Node> others = List.of(cluster.node(5), cluster.node(6));

            replace(cluster, topics, kafkas, ottlas);
            kafkas.forEach(gone -> gone.process().terminate());
            topics.awaitMore(10);
            replace(cluster, topics, ottlas, others);
            topics.awaitMore(10);

            topics.assertNothingLost();
            ShownMetadata.assertEqual(cluster);
            cluster.awaitCaughtUp();
            cluster.stop();
            MetadataLogs.assertEqual(all(cluster.brokers(), all(kafkas, ottlas)));
            MetadataLogs.assertEqual(all(cluster.brokers(), all(ottlas, others)));
            assertThat(all(ottlas, others))
                    .allMatch(newcomer -> MetadataLogs.startOffset(newcomer) > 0, "began with a snapshot");
        }
    }

    /** The next ones join while topics are created, and then the present ones leave. */
    private static void replace(
            Cluster cluster, TopicStream topics, List<Cluster.Node> present, List<Cluster.Node> next) {
        long endOffset = cluster.endOffset();
        Waiting.until(
                "all voters have written snapshots",
                () -> present.stream().allMatch(node -> MetadataLogs.snapshotEndOffset(node) > endOffset));
        for (Cluster.Node newcomer : next) {
            newcomer.restart();
            cluster.awaitCaughtUp();
            quorum(cluster, "--command-config", newcomer.process().properties().toString(), "add-controller");
            topics.awaitMore(5);
        }
        assertThat(cluster.voterDirectories()).containsOnlyKeys(ids(all(present, next)));
        for (Cluster.Node leaver : present) {
            Uuid directory = cluster.voterDirectories().get(leaver.id());
            quorum(
                    cluster,
                    "remove-controller",
                    "--controller-id",
                    String.valueOf(leaver.id()),
                    "--controller-directory-id",
                    directory.toString());
            topics.awaitMore(5);
        }
        assertThat(cluster.voterDirectories()).containsOnlyKeys(ids(next));
        assertThat(cluster.leader(any -> true)).isIn(next);
        cluster.awaitCaughtUp();
    }

    /** Asks the controller that leads now. */
    private static void quorum(Cluster cluster, String... arguments) {
        String leader = cluster.leader(any -> true).controllerAddress();
        ToolRun.tool(
                        TOOL,
                        Stream.concat(Stream.of("--bootstrap-controller", leader), Stream.of(arguments))
                                .toArray(String[]::new))
                .succeeded();
    }

    private static List<Cluster.Node> all(List<Cluster.Node> nodes, List<Cluster.Node> others) {
        return Stream.concat(nodes.stream(), others.stream()).toList();
    }

    private static Integer[] ids(List<Cluster.Node> nodes) {
        return nodes.stream().map(Cluster.Node::id).toArray(Integer[]::new);
    }
}
