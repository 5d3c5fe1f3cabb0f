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

/** Runs the methods of some classes on several workers, some of one class at a time each, and tells how far it is. */
final class Run {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    /** Of a class at most so many are run by one process, for a long class not to be the last that all wait for. */
    private static final int AT_ONCE = 10;

    private final Target target;
    private final Results results;
    private final Path log;
    private final PrintStream out;
    private final Deque<List<String>> waiting = new ArrayDeque<>();
    private final AtomicInteger doneMethods = new AtomicInteger();
    private int methods;
    private long startNs;

    Run(Target target, Results results, Path log, PrintStream out) {
        this.target = target;
        this.results = results;
        this.log = log;
        this.out = out;
    }

    /** @param classes the methods of each class by unique id; those that are done already are left out */
    void run(Map<String, Map<String, String>> classes, int workers) throws InterruptedException {
        for (Map<String, String> ofClass : classes.values()) {
            List<String> open = ofClass.keySet().stream()
                    .filter(method -> !results.isDone(method))
                    .toList();
            for (int from = 0; from < open.size(); from += AT_ONCE) {
                waiting.add(open.subList(from, Math.min(from + AT_ONCE, open.size())));
            }
            methods += open.size();
        }
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
        return waiting.isEmpty() ? List.of() : waiting.remove();
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
