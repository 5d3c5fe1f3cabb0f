package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ottla cluster} as a person tries it: a cluster on one machine, one of whose nodes fails, and mistakes. */
class LocalClusterTest {
    private static final String TOPIC = "tried";
    private static final int NODES = 3;

    @TempDir
    private Path folder;

    private final int port = Ports.freeInARow(2 * NODES);

    @AfterEach
    void endAll() {
        if (folder.resolve("node-1").toFile().exists()) {
            cluster("stop");
        }
    }

    @Test
    void aNodeIsKilledAndClientsGoOn() throws Exception {
        assertRefused(cluster("status"), "There is no cluster in " + folder);
        assertThat(start("--override", "broker.session.timeout.ms=3000").lines())
                .hasSize(NODES + 1)
                .last()
                .asString()
                .endsWith("--bootstrap-server " + bootstrap());
        assertRefused(start(), "All nodes of " + folder + " run already.");
        assertRefused(cluster("start", "--nodes", "4"), "a cluster in " + folder + " already, of 3 nodes, not 4");
        assertRefused(cluster("kill", "4"), "There is no node 4", "1, 2, 3");
        Clients clients = new Clients(bootstrap());
        try (Admin admin = clients.admin()) {
            admin.createTopics(List.of(new NewTopic(TOPIC, NODES, (short) NODES)))
                    .all()
                    .get();
            Clients.awaitInSync(admin, TOPIC, NODES);
            assertThat(statusWith("Partitions: 3, all replicas are in sync."))
                    .filteredOn(line -> line.endsWith("leads the quorum"))
                    .hasSize(1)
                    .allMatch(line -> line.contains("running"));
            try (RecordStream records = new RecordStream(clients, TOPIC, NODES)) {
                records.awaitMore(100);

                assertThat(cluster("kill", "2").lines()).containsExactly("Node 2 is killed");

                records.awaitMore(100);
                Clients.awaitInSync(admin, TOPIC, NODES - 1);
                assertThat(statusWith("Partitions: 3, 3 under-replicated, 0 without a leader."))
                        .anyMatch(line -> line.matches("2 +stopped +- +localhost:" + (port + 2) + " .*"));
                assertRefused(cluster("kill", "2"), "Node 2 does not run.");
                assertThat(cluster("start", "2").lines()).hasSize(1);
                Clients.awaitInSync(admin, TOPIC, NODES);
                records.awaitMore(100);
                records.assertNothingLost();
            }
        }
        assertRefused(
                command("start", "--dir", folder.resolve("other").toString(), "--port", String.valueOf(port)),
                "Port " + port + ", which node 1 needs, is in use");
        assertThat(folder.resolve("other")).doesNotExist();
        assertThat(cluster("stop").lines())
                .containsExactly("Node 1 is stopped", "Node 2 is stopped", "Node 3 is stopped");
        assertRefused(cluster("stop"), "No node of " + folder + " runs.");
        assertThat(statusWith("No node runs."))
                .filteredOn(line -> line.contains("stopped"))
                .hasSize(NODES);
    }

    @Test
    void whatNoNodeWouldTakeIsRefusedBeforeAnythingIsMade() {
        assertRefused(start("--override", "num.partitions=many"), "num.partitions", "many");
        assertRefused(start("--override", "num.partitions"), "--override wants key=value");
        assertRefused(cluster("start", "--nodes", "0"), "at least one node");
        assertRefused(cluster("start", "--nodes", "3", "--port", "65534"), "65535");
        assertRefused(cluster("start", "1"), "There is no cluster");
        assertThat(folder).isEmptyDirectory();
    }

    /** What is told, as soon as it ends so. */
    private List<String> statusWith(String lastLine) {
        return Waiting.value(
                lastLine,
                () -> cluster("status").lines(),
                lines -> lines.getLast().equals(lastLine));
    }

    private static void assertRefused(ToolRun run, String... words) {
        assertThat(run.status()).as(run.toString()).isEqualTo(1);
        assertThat(run.output()).isEmpty();
        assertThat(run.errors()).startsWith("ottla: ").contains(words);
    }

    private String bootstrap() {
        return IntStream.range(0, NODES)
                .mapToObj(index -> "localhost:" + (port + 2 * index))
                .collect(Collectors.joining(","));
    }

    private ToolRun start(String... options) {
        List<String> all = new ArrayList<>(List.of("start", "--port", String.valueOf(port)));
        all.addAll(List.of(options));
        return cluster(all.toArray(String[]::new));
    }

    private ToolRun cluster(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(1, List.of("--dir", folder.toString()));
        return command(all.toArray(String[]::new));
    }

    private static ToolRun command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(BrokerKind.launcher().toString(), "cluster"));
        command.addAll(List.of(arguments));
        return ToolRun.run(command, "");
    }
}
