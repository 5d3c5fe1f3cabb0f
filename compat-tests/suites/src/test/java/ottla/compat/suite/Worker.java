package ottla.compat.suite;

import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.utils.Exit;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import ottla.compat.bridge.Sightings;
import ottla.compat.suite.Outcome.Verdict;

/**
 * The process in which some tests run. It is told their unique ids and says on its standard output, line by line, what
 * begins and how it ended; what the tests print goes to the standard error.
 */
final class Worker implements TestExecutionListener {
    static final String BEGIN = "BEGIN";
    static final String END = "END";
    static final String DONE = "DONE";

    private static final int REASON_CHARS = 300;

    private final PrintStream said;
    private final Map<String, Long> begun = new HashMap<>();
    private TestPlan plan;

    private Worker(PrintStream said) {
        this.said = said;
    }

    public static void main(String[] tests) {
        PrintStream said = System.out;
        System.setOut(System.err);
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(Arrays.stream(tests)
                        .map(DiscoverySelectors::selectUniqueId)
                        .toList())
                .build();
        LauncherFactory.create().execute(request, new Worker(said));
        // threads that a test has left behind hold nobody up
        System.exit(0);
    }

    @Override
    public void testPlanExecutionStarted(TestPlan testPlan) {
        plan = testPlan;
    }

    @Override
    public void executionStarted(TestIdentifier identifier) {
        if (identifier.isTest()) {
            Sightings.forget();
            // GetOffsetShellTest#testPrintVersion counts on another test having left this behind
            Exit.setExitProcedure((_, _) -> {});
            begun.put(identifier.getUniqueId(), System.nanoTime());
            say(BEGIN, method(identifier).getUniqueId() + "\t" + test(identifier));
        }
    }

    @Override
    public void executionSkipped(TestIdentifier identifier, String reason) {
        say(END, new Outcome(test(identifier), Verdict.SKIPPED, 0, oneLine(reason)).line());
        done(identifier);
    }

    @Override
    public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
        boolean failed = result.getStatus() != TestExecutionResult.Status.SUCCESSFUL;
        if (identifier.isTest() || failed) {
            say(END, outcome(identifier, result).line());
        }
        done(identifier);
    }

    /** A method is done when all its runs are. */
    private void done(TestIdentifier identifier) {
        if (isOfMethod(identifier) && method(identifier).equals(identifier)) {
            say(DONE, identifier.getUniqueId());
        }
    }

    /** Itself, or that of which it is a run. */
    private TestIdentifier method(TestIdentifier identifier) {
        return plan.getParent(identifier).filter(Worker::isOfMethod).orElse(identifier);
    }

    private static boolean isOfMethod(TestIdentifier identifier) {
        return identifier.getSource().filter(MethodSource.class::isInstance).isPresent();
    }

    private Outcome outcome(TestIdentifier identifier, TestExecutionResult result) {
        long startNs = begun.getOrDefault(identifier.getUniqueId(), System.nanoTime());
        long millis = (System.nanoTime() - startNs) / 1_000_000;
        String test = test(identifier);
        if (result.getStatus() == TestExecutionResult.Status.SUCCESSFUL) {
            return new Outcome(test, Verdict.PASSED, millis, "");
        }
        String reason = result.getThrowable().map(Worker::reason).orElse("no reason given");
        if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
            return new Outcome(test, Verdict.SKIPPED, millis, reason);
        }
        Optional<String> unseen = Sightings.unseen().or(() -> InsideTests.unseenBy(test));
        return unseen.map(what -> new Outcome(test, Verdict.NOT_APPLICABLE, millis, what))
                .orElseGet(() -> new Outcome(test, Verdict.FAILED, millis, reason));
    }

    /** A test's name in all lists. */
    private String test(TestIdentifier identifier) {
        Optional<MethodSource> method =
                identifier.getSource().filter(MethodSource.class::isInstance).map(MethodSource.class::cast);
        if (method.isEmpty()) {
            return identifier.getLegacyReportingName();
        }
        String name = method.get().getClassName() + "#" + method.get().getMethodName();
        if (method(identifier).equals(identifier)) {
            return name;
        }
        String run = identifier
                .getDisplayName()
                .replaceFirst("^" + method.get().getMethodName(), "")
                .replaceFirst("\\[\\d+\\]", "");
        return name + " " + oneLine(run);
    }

    private static String reason(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        ArrayDeque<Throwable> chain = new ArrayDeque<>();
        for (Throwable one = failure; one != null && seen.add(one); one = one.getCause()) {
            chain.add(one);
        }
        List<String> lines = new ArrayList<>();
        chain.forEach(one -> lines.add(one.getClass().getSimpleName() + ": " + one.getMessage()));
        Throwable root = chain.getLast();
        if (root.getStackTrace().length > 0 && root.getMessage() == null) {
            lines.add("at " + root.getStackTrace()[0]);
        }
        return oneLine(String.join("; ", lines));
    }

    private static String oneLine(String text) {
        String line = text.replaceAll("\\s+", " ").strip();
        return line.length() <= REASON_CHARS ? line : line.substring(0, REASON_CHARS) + "...";
    }

    private void say(String what, String of) {
        said.println(what + "\t" + of);
        said.flush();
    }
}
