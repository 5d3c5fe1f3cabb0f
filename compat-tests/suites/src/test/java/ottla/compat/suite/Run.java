package ottla.compat.suite;

import com.sun.management.OperatingSystemMXBean;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import ottla.compat.suite.Outcome.Verdict;

/** Runs the methods of some classes on several workers, some at a time each, and tells how far it is. */
final class Run {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    /** So many methods are at most run by one process, whose start is work, too. */
    private static final int AT_ONCE = 20;

    /** Towards the end a worker takes less: so many, and the last ones one by one, for none to be the last that all wait for. */
    private static final int A_FEW = 3;

    /** How often it is looked whether there is time for more. */
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** Below this share of the processors' time tests wait for something else than for each other. */
    private static final double IDLE_LOAD = 0.6;

    private final Target target;
    private final Results results;
    private final Path log;
    private final PrintStream out;
    private final OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private final Deque<String> waiting = new ArrayDeque<>();
    private final AtomicInteger doneMethods = new AtomicInteger();
    private final int workers;
    private final int workersMax;
    private final Deque<WorkerProcess> helpers = new ArrayDeque<>();
    private int methods;
    private long startNs;

    /**
     * @param workers how many tests run side by side
     * @param workersMax how many at most, while the machine has little to do: many a test that fails waits for what never comes
     */
    Run(Target target, Results results, Path log, PrintStream out, int workers, int workersMax) {
        this.target = target;
        this.results = results;
        this.log = log;
        this.out = out;
        this.workers = workers;
        this.workersMax = workersMax;
        for (int i = workers; i < workersMax; i++) {
            helpers.add(new WorkerProcess(target, i, LIMIT, log));
        }
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
        while (!threads.isEmpty()) {
            threads.getFirst().join(LOOK);
            threads.removeIf(thread -> !thread.isAlive());
            if (system.getCpuLoad() < IDLE_LOAD) {
                helper().ifPresent(worker -> threads.add(Thread.ofPlatform().start(() -> help(worker))));
            }
        }
    }

    private synchronized Optional<WorkerProcess> helper() {
        return waiting.isEmpty() ? Optional.empty() : Optional.ofNullable(helpers.poll());
    }

    /** With a few tests, after which there may be no time any more. */
    private void help(WorkerProcess worker) {
        try {
            worker.run(next(A_FEW), this::ended, this::finished);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        synchronized (this) {
            helpers.add(worker);
        }
    }

    private void work(WorkerProcess worker) {
        try {
            for (List<String> next = next(AT_ONCE); !next.isEmpty(); next = next(AT_ONCE)) {
                worker.run(next, this::ended, this::finished);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized List<String> next(int most) {
        int count = waiting.size() <= 2 * workersMax ? 1 : Math.clamp(waiting.size() / (2 * workers), A_FEW, most);
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
