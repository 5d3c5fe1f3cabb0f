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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One node of either kind in a process of its own, in a directory of its own, which {@link #close} deletes; its log stays in
 * {@code target/compat}. Owned by one test.
 */
public final class NodeProcess implements AutoCloseable {
    private static final int STOP_SECONDS = 60;

    private BrokerKind kind;
    private BrokerKind.Life life = BrokerKind.Life.LONG;
    private final Path directory;
    private final Path log;
    private final List<String> shell;
    private final String host;
    private final int port;
    private final Readiness readiness;
    private final Thread lastResort = new Thread(this::endNow);
    private volatile Process process;

    /** What a node has to do when it is ready. */
    @FunctionalInterface
    public interface Readiness {
        boolean isSeen(RawConnection connection) throws IOException;
    }

    /**
     * @param shell what is put before the command
     * @param port where the node answers when it is ready
     */
    public NodeProcess(BrokerKind kind, String name, List<String> shell, int port, Readiness readiness) {
        this(kind, name, shell, "127.0.0.1", port, readiness);
    }

    /** A node that answers at another address than that of this machine. */
    NodeProcess(BrokerKind kind, String name, List<String> shell, String host, int port, Readiness readiness) {
        this.kind = kind;
        this.shell = shell;
        this.host = host;
        this.port = port;
        this.readiness = readiness;
        try {
            Files.createDirectories(BrokerProcess.WORK);
            directory = Files.createTempDirectory(BrokerProcess.WORK.toAbsolutePath(), name + "-");
            log = BrokerProcess.WORK.resolve(name + "-" + kind.name().toLowerCase(Locale.ROOT) + ".log");
            Files.deleteIfExists(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    BrokerKind kind() {
        return kind;
    }

    /** All that the node has. */
    Path directory() {
        return directory;
    }

    public Path dataDirectory() {
        return directory.resolve("data");
    }

    Path log() {
        return log;
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process != null && process.isAlive();
    }

    public void configure(Map<String, String> settings) {
        try {
            Files.writeString(
                    properties(),
                    settings.entrySet().stream()
                            .map(entry -> entry.getKey() + "=" + entry.getValue() + "\n")
                            .collect(Collectors.joining()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Formats the directory with the stock tool. */
    void format(String clusterId, String... options) {
        List<String> arguments = new ArrayList<>(List.of("format", "-t", clusterId));
        arguments.addAll(List.of("-c", properties().toString()));
        arguments.addAll(List.of(options));
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int status = kafka.tools.StorageTool.execute(
                arguments.toArray(String[]::new), new PrintStream(said, true, StandardCharsets.UTF_8));
        if (status != 0) {
            throw new AssertionError("the directory was not formatted: " + said.toString(StandardCharsets.UTF_8));
        }
    }

    /** Starts the process; {@link #awaitReady} tells when it answers. */
    public void launch() {
        if (isAlive()) {
            throw new IllegalStateException("still running");
        }
        if (process == null) {
            Runtime.getRuntime().addShutdownHook(lastResort);
        }
        List<String> command = new ArrayList<>(shell);
        command.addAll(kind.command(properties(), life));
        try {
            process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(Redirect.appendTo(log.toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void awaitReady() {
        try {
            Waiting.until(kind + " answers on port " + port, () -> {
                if (!process.isAlive()) {
                    return true;
                }
                try (RawConnection connection = new RawConnection(host, port)) {
                    return readiness.isSeen(connection);
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

    /** SIGSTOP: nothing of it runs, and nobody is told. */
    void halt() {
        signal("STOP");
    }

    /** SIGCONT: it goes on as if no time had gone by. */
    void goOn() {
        signal("CONT");
    }

    /** SIGQUIT: a JVM writes into its log what its threads are doing. */
    void dumpThreads() {
        signal("QUIT");
    }

    private void signal(String name) {
        Commands.run(List.of("kill", "-" + name, String.valueOf(pid())));
    }

    /** Waits until it has ended by itself. */
    void awaitEnd() {
        awaitExit();
    }

    /** From the next start on, the node is one that does not live long. */
    public void liveShortly() {
        life = BrokerKind.Life.SHORT;
    }

    /** From the next start on, the node is one that others learn from. */
    void train() {
        life = BrokerKind.Life.TRAINING;
    }

    /** From the next start on, another kind of node owns the directory. */
    void become(BrokerKind next) {
        kind = next;
    }

    @Override
    public void close() {
        if (process != null) {
            endNow();
            awaitExit();
            Runtime.getRuntime().removeShutdownHook(lastResort);
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file that the node is started with. */
    Path properties() {
        return directory.resolve("server.properties");
    }

    private void endNow() {
        process.destroyForcibly();
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
}
