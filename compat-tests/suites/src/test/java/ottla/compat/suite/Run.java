package ottla.compat.suite;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import ottla.compat.suite.Outcome.Verdict;

/** Runs the methods of some classes on several workers, some at a time each, and tells how far it is. */
final class Run {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    /** So many methods are at most run by one process, whose start is work, too. */
    private static final int AT_ONCE = 20;

    /** And so many at least: near the end a worker takes less, for none to be the last that all wait for. */
    private static final int AT_LEAST = 3;

    private final Target target;
    private final Results results;
    private final Path log;
    private final PrintStream out;
    private final Deque<String> waiting = new ArrayDeque<>();
    private final AtomicInteger doneMethods = new AtomicInteger();
    private final int workers;
    private int methods;
    private long startNs;

    /** @param workers how many tests run side by side */
    Run(Target target, Results results, Path log, PrintStream out, int workers) {
        this.target = target;
        this.results = results;
        this.log = log;
        this.out = out;
        this.workers = workers;
    }

    /** @param classes the methods of each class by unique id; those that are done already are left out */
    void run(Map<String, Map<String, String>> classes) throws InterruptedException {
        classes.values().stream()
                .flatMap(ofClass -> ofClass.keySet().stream())
                .filter(method -> !results.isDone(method))
                .forEach(waiting::add);
        methods = waiting.size();
        startNs = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            WorkerProcess worker = new WorkerProcess(target, i, LIMIT, log);
            threads.add(Thread.ofPlatform().start(() -> work(worker)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void work(WorkerProcess worker) {
        try {
            for (List<String> next = next(); !next.isEmpty(); next = next()) {
                worker.run(next, this::ended, this::finished);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized List<String> next() {
        int count = Math.clamp(waiting.size() / (2 * workers), AT_LEAST, AT_ONCE);
        List<String> next = new ArrayList<>();
        while (next.size() < count && !waiting.isEmpty()) {
            next.add(waiting.remove());
        }
        return next;
    }

    private void ended(Outcome outcome) {
        results.add(outcome);
        if (outcome.verdict() != Verdict.PASSED) {
            out.println("    " + outcome.verdict() + " " + outcome.test() + ": " + outcome.reason());
        }
    }

    private void finished(String method) {
        results.finish(method);
        int done = doneMethods.incrementAndGet();
        long secondsSoFar = Duration.ofNanos(System.nanoTime() - startNs).toSeconds();
        long secondsLeft = secondsSoFar * (methods - done) / done;
        out.printf("%d of %d methods, %d s so far, about %d s left%n", done, methods, secondsSoFar, secondsLeft);
    }
}
