package ottla.broker.io.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * One node of a cluster on this machine: a folder with its file, its data, its log and, while it runs, who it is. It outlives the command
 * that started it, so all that is known of it is read from the folder and asked of the system each time.
 */
record LocalNode(int id, Path folder, int port) {
    static final String HOST = "localhost";

    private static final String FILE = "server.properties";
    private static final int CONNECT_LIMIT_MS = 1_000;

    /** The end of a log that says why a node ended. */
    private static final int LAST_LINES = 10;

    int controllerPort() {
        return port + 1;
    }

    String address() {
        return HOST + ":" + port;
    }

    String controllerAddress() {
        return HOST + ":" + controllerPort();
    }

    Path file() {
        return folder.resolve(FILE);
    }

    Path data() {
        return folder.resolve("data");
    }

    Path log() {
        return folder.resolve("node.log");
    }

    private Path pidFile() {
        return folder.resolve("pid");
    }

    /** Its process, if it runs: one with the id in the file, and no other that got this id later. */
    Optional<ProcessHandle> process() {
        try {
            if (Files.notExists(pidFile())) {
                return Optional.empty();
            }
            String[] words = Files.readString(pidFile()).strip().split(" ");
            long startedMs = Long.parseLong(words[1]);
            return ProcessHandle.of(Long.parseLong(words[0]))
                    .filter(LocalNode::isAlive)
                    .filter(process -> startedMs(process) == startedMs);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException notWrittenByUs) {
            throw new Mistake(pidFile() + " is not what it should be: remove it if node " + id + " does not run.");
        }
    }

    /** A process that ended and whose status nobody asks for (in a container, say) is there for ever, but runs no program. */
    private static boolean isAlive(ProcessHandle process) {
        return process.isAlive() && process.info().command().isPresent();
    }

    /** 0 where the system does not tell. */
    private static long startedMs(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    boolean isRunning() {
        return process().isPresent();
    }

    /** Runs the launcher, which becomes the node; a terminal that is closed does not end it. */
    void launch(Path launcher) {
        try {
            Process process = new ProcessBuilder(
                            "nohup",
                            launcher.toString(),
                            "start",
                            file().toAbsolutePath().toString())
                    .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                    .start();
            Files.writeString(pidFile(), process.pid() + " " + startedMs(process.toHandle()) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether clients are served: their port is opened last. */
    boolean isServing() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(HOST, port), CONNECT_LIMIT_MS);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    /** Its ports that somebody else has. */
    List<Integer> portsTaken() {
        return List.of(port, controllerPort()).stream()
                .filter(LocalNode::isTaken)
                .toList();
    }

    private static boolean isTaken(int port) {
        try (ServerSocket probe = new ServerSocket()) {
            // a port whose last connections are still dying is free for a node, too
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(InetAddress.getByName(HOST), port));
            return false;
        } catch (IOException taken) {
            return true;
        }
    }

    String lastWords() {
        try {
            List<String> lines = Files.readAllLines(log());
            return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
        } catch (IOException e) {
            return "its log cannot be read: " + e.getMessage();
        }
    }
}
