package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/ottla} as a person meets it: no file, no formatted directory, and mistakes. */
class LauncherTest {
    private static final String OTTLA = BrokerKind.launcher().toString();

    @TempDir
    private Path folder;

    @Test
    void startAloneGivesARunningBroker() throws Exception {
        int port = Ports.free();
        int controllerPort = Ports.free();
        Path log = folder.resolve("log");
        // what "start" alone does, but on ports that nobody else has
        Process process = new ProcessBuilder(
                        OTTLA,
                        "start",
                        "--override",
                        "listeners=PLAINTEXT://localhost:" + port + ",CONTROLLER://localhost:" + controllerPort,
                        "--override",
                        "controller.quorum.voters=1@localhost:" + controllerPort)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            Waiting.until("the node answers", () -> {
                try (RawConnection connection = new RawConnection(port)) {
                    return connection.isUsable();
                }
            });
            new Clients("localhost:" + port).createTopic("first", 1);
            assertThat(folder.resolve("data").resolve("meta.properties")).exists();
            assertThat(folder.resolve("data").resolve("first-0")).isDirectory();
            assertThat(Files.readString(log))
                    .containsPattern("is ready: node \\d+, listeners .*" + port + ".*, data in .*data.*, \\d+ ms");

            process.destroy();

            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isIn(0, 143);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void versionsAreTold() {
        assertThat(ottla("version").succeeded()).contains("4.3.1");
    }

    @Test
    void helpIsGiven() {
        assertThat(ottla("--help").succeeded()).contains("ottla", "start", "version");
    }

    @Test
    void aWrongValueIsRefusedWithTheKeyAndTheValue() {
        ToolRun run = ottla("start", "--override", "num.partitions=many");

        assertThat(run.status()).isNotZero();
        assertThat(run.output() + run.errors()).contains("num.partitions", "many");
    }

    @Test
    void aValueOutOfRangeIsRefusedWithWhatIsAllowed() {
        ToolRun run = ottla("start", "--override", "num.partitions=0");

        assertThat(run.status()).isNotZero();
        assertThat(run.output() + run.errors()).contains("num.partitions", "0", "1");
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        ToolRun run = ottla("start", "nowhere.properties");

        assertThat(run.status()).isNotZero();
        assertThat(run.output() + run.errors()).contains("nowhere.properties");
    }

    @Test
    void aDirectoryThatNobodyFormattedIsRefused() throws IOException {
        int port = Ports.free();
        int controllerPort = Ports.free();
        Path file = folder.resolve("server.properties");
        Files.writeString(file, """
                process.roles=broker,controller
                node.id=1
                controller.quorum.voters=1@localhost:%2$d
                listeners=PLAINTEXT://localhost:%1$d,CONTROLLER://localhost:%2$d
                controller.listener.names=CONTROLLER
                log.dirs=%3$s
                """.formatted(port, controllerPort, folder.resolve("bare")));

        ToolRun run = ottla("start", file.toString());

        assertThat(run.status()).isNotZero();
        assertThat(run.output() + run.errors()).contains("bare", "kafka-storage");
        assertThat(folder.resolve("bare")).doesNotExist();
    }

    @Test
    void overridesCountInTheirOrderAndMayNameAnyKey() {
        ToolRun run = ottla(
                "start",
                "--override",
                "num.partitions=4",
                "--override",
                "num.partitions=0",
                "--override",
                "some.key=a=b");

        assertThat(run.status()).isNotZero();
        assertThat(run.output() + run.errors()).contains("Invalid value 0 for configuration num.partitions");
    }

    @Test
    void anOverrideThatIsNoneIsRefused() {
        for (String override : List.of("num.partitions", "=3")) {
            ToolRun run = ottla("start", "--override", override);

            assertThat(run.status()).isNotZero();
            assertThat(run.output() + run.errors()).contains("--override", override);
        }
    }

    /** What a node has, another cannot take: its directory, its ports. It goes on, and stops in good order. */
    @Test
    void aSecondNodeIsRefusedWhatTheFirstOneHas() throws Exception {
        int[] first = {Ports.free(), Ports.free()};
        int[] second = {Ports.free(), Ports.free()};
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(startOn(first[0], first[1], "data"))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            Waiting.until("the node is ready", () -> Files.readString(log).contains("is ready"));

            ToolRun sameDirectory = ToolRun.run(startOn(second[0], second[1], "data"), "");
            ToolRun samePort = ToolRun.run(startOn(first[0], second[1], "other"), "");
            ToolRun sameControllerPort = ToolRun.run(startOn(second[0], first[1], "third"), "");

            assertThat(sameDirectory.status()).isEqualTo(1);
            assertThat(sameDirectory.errors()).contains(folder.resolve("data") + " is in use by another broker");
            assertThat(samePort.status()).isEqualTo(1);
            assertThat(samePort.errors())
                    .contains("Listener PLAINTEXT cannot be opened on 127.0.0.1:" + first[0], "in use");
            assertThat(sameControllerPort.status()).isEqualTo(1);
            assertThat(sameControllerPort.errors())
                    .contains("Listener CONTROLLER cannot be opened on 127.0.0.1:" + first[1], "in use");

            // not SIGINT, which is ignored by all that a shell without job control runs in the background, these tests
            // included
            process.destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS))
                    .as("the node ends; it said: %s", Files.readString(log))
                    .isTrue();
            assertThat(process.exitValue()).isEqualTo(143);
            assertThat(folder.resolve("data").resolve(".kafka_cleanshutdown")).exists();
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** Without a file, so that each formats its own directory. */
    private List<String> startOn(int port, int controllerPort, String directory) {
        return List.of(
                OTTLA,
                "start",
                "--override",
                "listeners=PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort,
                "--override",
                "controller.quorum.voters=1@127.0.0.1:" + controllerPort,
                "--override",
                "log.dirs=" + folder.resolve(directory));
    }

    private ToolRun ottla(String... arguments) {
        List<String> command = new ArrayList<>(List.of(OTTLA));
        command.addAll(List.of(arguments));
        return ToolRun.run(command, "");
    }
}
