package ottla.compat.suite;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import ottla.compat.suite.Outcome.Verdict;

/** Runs tests in {@link Worker} processes: as many as it takes, since one that hangs is ended with all that it started. */
final class WorkerProcess {
    /** Surefire hides the real one behind a jar with a manifest. */
    static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    private static final String END_OF_OUTPUT = "";

    private final Target target;
    private final int number;
    private final Duration limit;
    private final Path log;
    private volatile Optional<Process> running = Optional.empty();
    private volatile boolean ending;

    /** @param method its unique id, of which this is a run */
    private record Begun(String method, String name) {
        static Begun parse(String said) {
            String[] parts = said.split("\t", 2);
            return new Begun(parts[0], parts[1]);
        }
    }

    /** A test that did not end, and what became of it. */
    private record Stuck(Begun test, long millis, String reason) {
        Outcome outcome() {
            return new Outcome(test.name(), Verdict.FAILED, millis, reason);
        }
    }

    /**
     * @param number tells workers side by side apart
     * @param limit how long a single test may take
     */
    WorkerProcess(Target target, int number, Duration limit, Path log) {
        this.target = target;
        this.number = number;
        this.limit = limit;
        this.log = log;
        // whoever ends the run ends what it has started
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            ending = true;
            running.ifPresent(WorkerProcess::end);
        }));
    }

    /** Runs tests, given by their unique ids, and tells how each ended, and which methods are done. */
    void run(Collection<String> tests, Consumer<Outcome> outcomes, Consumer<String> done) throws InterruptedException {
        Set<String> left = new LinkedHashSet<>(tests);
        while (!left.isEmpty()) {
            int before = left.size();
            Optional<Stuck> stuck = runUntilStuck(left, outcomes, method -> {
                left.remove(method);
                done.accept(method);
            });
            if (ending) {
                return;
            }
            stuck.ifPresent(test -> outcomes.accept(test.outcome()));
            if (stuck.isPresent() || left.size() == before) {
                // whatever the process was at when it ended is not tried again
                String culprit = stuck.map(stuckAt -> stuckAt.test().method()).orElseGet(left.iterator()::next);
                left.remove(culprit);
                done.accept(culprit);
            }
        }
    }

    /** The test that was under way when the process had to be ended, or ended by itself. */
    private Optional<Stuck> runUntilStuck(Collection<String> tests, Consumer<Outcome> outcomes, Consumer<String> done)
            throws InterruptedException {
        Process process = start(tests);
        running = Optional.of(process);
        BlockingQueue<String> lines = new ArrayBlockingQueue<>(10_000);
        Thread reader = Thread.ofVirtual().start(() -> read(process, lines));
        Optional<Begun> current = Optional.empty();
        try {
            while (true) {
                String line = lines.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
                if (line == null) {
                    String reason = "given up after " + limit.toSeconds() + " s";
                    return current.map(test -> new Stuck(test, limit.toMillis(), reason));
                }
                if (line.equals(END_OF_OUTPUT)) {
                    return current.map(test -> new Stuck(test, 0, "the process in which it ran has ended"));
                }
                String[] parts = line.split("\t", 2);
                switch (parts[0]) {
                    case Worker.BEGIN -> current = Optional.of(Begun.parse(parts[1]));
                    case Worker.END -> {
                        current = Optional.empty();
                        outcomes.accept(Outcome.parse(parts[1]));
                    }
                    case Worker.DONE -> done.accept(parts[1]);
                    default -> throw new IllegalStateException("a worker says " + line);
                }
            }
        } finally {
            end(process);
            process.waitFor();
            running = Optional.empty();
            reader.join();
        }
    }

    private Process start(Collection<String> tests) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(List.of("-XX:+EnableDynamicAgentLoading", "-Dbasedir=" + System.getProperty("basedir")));
        command.add("-Dottla.suite.kind=" + target.title());
        command.add("-Dottla.suite.run=suite-" + number);
        command.add("-Dottla.compat.port.first=" + target.firstPort(number));
        command.addAll(List.of("-cp", CLASS_PATH, Worker.class.getName()));
        command.addAll(tests);
        try {
            return new ProcessBuilder(command)
                    .redirectError(Redirect.appendTo(log.toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void read(Process process, BlockingQueue<String> lines) {
        try (BufferedReader reader = process.inputReader()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.put(line);
            }
        } catch (IOException ended) {
            // as if it had said nothing more
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        lines.add(END_OF_OUTPUT);
    }

    /** With all nodes that its tests have left running. */
    private static void end(Process process) {
        // asked before it ends: then they descend from nobody
        List<ProcessHandle> nodes = process.descendants().toList();
        process.destroyForcibly();
        nodes.forEach(ProcessHandle::destroyForcibly);
    }
}
