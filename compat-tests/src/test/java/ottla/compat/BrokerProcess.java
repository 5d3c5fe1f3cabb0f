package ottla.compat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One combined node (controller and broker) in a process of its own, on a directory that the stock tool formatted. It can be
 * stopped, killed and started again on the same directory and ports. {@link #close} ends it and deletes the directory; its log
 * stays in {@code target/compat}. Owned by one test.
 */
public final class BrokerProcess implements AutoCloseable {
    /** Where processes keep their files: directories while they run, logs and archives of classes for longer. */
    static final Path WORK = Path.of(System.getProperty("basedir", ""), "target", "compat");

    private static final String CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg";
    private static final int STOP_SECONDS = 60;

    private BrokerKind kind;
    private final Path directory;
    private final Path properties;
    private final Path log;
    private final int port;
    private final int controllerPort;
    private final List<String> shell;
    private final Thread lastResort = new Thread(this::endNow);
    private volatile Process process;

    private BrokerProcess(BrokerKind kind, String name, Map<String, String> settings, List<String> shell)
            throws IOException {
        this.kind = kind;
        this.shell = shell;
        Files.createDirectories(WORK);
        directory = Files.createTempDirectory(WORK.toAbsolutePath(), name + "-");
        properties = directory.resolve("server.properties");
        log = WORK.resolve(name + "-" + kind.name().toLowerCase(Locale.ROOT) + ".log");
        Files.deleteIfExists(log);
        port = Ports.free();
        controllerPort = Ports.free();
        Map<String, String> all = defaults();
        all.putAll(settings);
        Files.writeString(
                properties,
                all.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + withPorts(entry.getValue()) + "\n")
                        .collect(Collectors.joining()));
        format();
        Runtime.getRuntime().addShutdownHook(lastResort);
        process = launch();
    }

    /**
     * Starts a node and returns when it answers. The settings are laid over those of a one-node cluster; {@code $PORT} and
     * {@code $CONTROLLER_PORT} in them stand for the ports that were found free.
     */
    public static BrokerProcess start(BrokerKind kind, String name, Map<String, String> settings) {
        return start(kind, name, settings, List.of());
    }

    /** As the other, after a command of the shell such as {@code ulimit}, in the same process. */
    public static BrokerProcess startAfter(
            String shellCommand, BrokerKind kind, String name, Map<String, String> settings) {
        return start(kind, name, settings, List.of("sh", "-c", shellCommand + " && exec \"$@\"", "sh"));
    }

    private static BrokerProcess start(BrokerKind kind, String name, Map<String, String> settings, List<String> shell) {
        try {
            BrokerProcess broker = new BrokerProcess(kind, name, settings, shell);
            broker.awaitReady();
            return broker;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public BrokerKind kind() {
        return kind;
    }

    public String bootstrap() {
        return "127.0.0.1:" + port;
    }

    public int port() {
        return port;
    }

    public int controllerPort() {
        return controllerPort;
    }

    public long pid() {
        return process.pid();
    }

    public String clusterId() {
        return CLUSTER_ID;
    }

    public Path dataDirectory() {
        return directory.resolve("data");
    }

    public Path log() {
        return log;
    }

    /** SIGTERM: a clean stop. Returns the exit status. */
    public int terminate() {
        process.destroy();
        return awaitExit();
    }

    /** SIGKILL: what was not written is lost. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Hands the directory to a broker of this kind. */
    public void restartAs(BrokerKind next) {
        kind = next;
        restart();
    }

    /** Starts again on the same directory and ports and returns when it answers. */
    public void restart() {
        if (process.isAlive()) {
            throw new IllegalStateException("still running");
        }
        try {
            process = launch();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        awaitReady();
    }

    @Override
    public void close() {
        endNow();
        awaitExit();
        Runtime.getRuntime().removeShutdownHook(lastResort);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return kind.name();
    }

    private String withPorts(String value) {
        return value.replace("$PORT", String.valueOf(port)).replace("$CONTROLLER_PORT", String.valueOf(controllerPort));
    }

    private void endNow() {
        process.destroyForcibly();
    }

    private Process launch() throws IOException {
        List<String> command = new ArrayList<>(shell);
        command.addAll(kind.command(properties));
        return new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(log.toFile()))
                .start();
    }

    private void awaitReady() {
        try {
            Waiting.until(kind + " answers on port " + port, () -> {
                if (!process.isAlive()) {
                    return true;
                }
                try (RawConnection connection = new RawConnection(port)) {
                    return connection.isUsable();
                }
            });
        } catch (AssertionError late) {
            endNow();
            throw late;
        }
        if (!process.isAlive()) {
            throw new AssertionError(kind + " ended at start with status " + process.exitValue() + ":\n" + logText());
        }
    }

    private String logText() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int awaitExit() {
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(kind + " did not end within " + STOP_SECONDS + " s:\n" + logText());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while " + kind + " ends", e);
        }
    }

    private Map<String, String> defaults() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("process.roles", "broker,controller");
        settings.put("node.id", "1");
        settings.put("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
        settings.put("listeners", "PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort);
        settings.put("advertised.listeners", "PLAINTEXT://127.0.0.1:" + port);
        settings.put("controller.listener.names", "CONTROLLER");
        settings.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT");
        settings.put("log.dirs", dataDirectory().toString());
        settings.put("offsets.topic.replication.factor", "1");
        settings.put("offsets.topic.num.partitions", "4");
        settings.put("transaction.state.log.replication.factor", "1");
        settings.put("transaction.state.log.min.isr", "1");
        settings.put("share.coordinator.state.topic.replication.factor", "1");
        settings.put("share.coordinator.state.topic.min.isr", "1");
        settings.put("group.initial.rebalance.delay.ms", "0");
        return settings;
    }

    private void format() {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        String[] arguments = {"format", "-t", CLUSTER_ID, "-c", properties.toString()};
        int status = kafka.tools.StorageTool.execute(arguments, new PrintStream(said, true, StandardCharsets.UTF_8));
        if (status != 0) {
            throw new AssertionError("the directory was not formatted: " + said.toString(StandardCharsets.UTF_8));
        }
    }
}
