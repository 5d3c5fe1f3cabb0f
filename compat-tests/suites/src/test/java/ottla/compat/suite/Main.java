package ottla.compat.suite;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import ottla.compat.TrainedKafka;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bin/compat}: runs Kafka's own published tests against Ottla, or against Kafka, and says how many pass. */
@Command(
        name = "compat",
        mixinStandardHelpOptions = true,
        description = "Runs the integration tests that Apache Kafka publishes on clusters of Ottla's nodes.")
final class Main implements Callable<Integer> {
    @Parameters(
            paramLabel = "SUITE|CLASS|TOOL",
            description = "clients, tools, core, a test class, or a stock tool such as kafka-topics; all suites if none"
                    + " is named")
    private List<String> wanted = List.of();

    @Option(names = "--kafka", description = "on Kafka's nodes: what passes there is the ceiling")
    private boolean onKafka;

    @Option(
            names = "--workers",
            description = "how many tests run side by side while they keep the machine busy (${DEFAULT-VALUE})")
    private int workers = Math.min(Target.WORKERS_MAX, 2 * Runtime.getRuntime().availableProcessors());

    @Option(names = "--again", description = "forget what earlier runs found out, instead of going on where they ended")
    private boolean again;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        Target target = onKafka ? Target.KAFKA : Target.OTTLA;
        Map<Suite, Map<String, Map<String, String>>> chosen = new LinkedHashMap<>();
        for (Suite suite : Suite.values()) {
            List<String> classes = suite.classes().stream()
                    .filter(name -> isWanted(suite, name))
                    .toList();
            if (!classes.isEmpty()) {
                chosen.put(suite, TestMethods.of(classes));
            }
        }
        if (chosen.isEmpty()) {
            System.err.println("there is no suite, test class or tool called " + String.join(", ", wanted)
                    + "; suites: "
                    + String.join(
                            ", ",
                            Arrays.stream(Suite.values()).map(Suite::title).toList())
                    + "; tools: " + String.join(", ", ToolTests.tools()));
            return CommandLine.ExitCode.USAGE;
        }
        if (onKafka) {
            TrainedKafka.prepare();
        }
        Set<String> fallen = new TreeSet<>();
        for (Map.Entry<Suite, Map<String, Map<String, String>>> entry : chosen.entrySet()) {
            fallen.addAll(run(entry.getKey(), entry.getValue(), target));
        }
        Scoreboard board = new Scoreboard();
        for (Suite suite : Suite.values()) {
            board.add(
                    suite,
                    SuiteFiles.ceiling(suite),
                    results(suite, Target.OTTLA).outcomes());
        }
        System.out.print(board.table());
        if (board.isWhole()) {
            board.writePage(SuiteFiles.scoreboard());
        }
        fallen.forEach(test -> System.out.println("passed before, and does not now: " + test));
        return fallen.isEmpty() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    /** Runs what is not done yet, and keeps what it shows. Returns the tests that used to pass and do not any more. */
    private Set<String> run(Suite suite, Map<String, Map<String, String>> classes, Target target)
            throws InterruptedException {
        Results results = results(suite, target);
        if (again) {
            classes.values().forEach(results::forget);
        }
        System.out.println("== " + suite.title() + " on " + target.title());
        new Run(target, results, SuiteFiles.log(target.title(), suite), System.out, workers, Target.WORKERS_MAX)
                .run(classes);
        Ceiling ceiling = SuiteFiles.ceiling(suite);
        if (target == Target.KAFKA) {
            ceiling.replace(classes.keySet(), results.outcomes().values());
            return Set.of();
        }
        Passing passing = SuiteFiles.passing(suite);
        Set<String> fallen = new TreeSet<>();
        Set<String> risen = new TreeSet<>();
        results.outcomes().values().stream()
                .filter(outcome -> classes.containsKey(Outcome.classOf(outcome.test())))
                .forEach(outcome -> {
                    if (outcome.verdict() != Outcome.Verdict.PASSED) {
                        fallen.add(outcome.test());
                    } else if (ceiling.passes(outcome.test()).orElse(false) && !HurriedTests.contains(outcome.test())) {
                        risen.add(outcome.test());
                    }
                });
        fallen.retainAll(passing.tests());
        passing.add(risen);
        return fallen;
    }

    private static Results results(Suite suite, Target target) {
        return Results.open(SuiteFiles.results(target.title(), suite));
    }

    private boolean isWanted(Suite suite, String className) {
        String simpleName = className.substring(className.lastIndexOf('.') + 1);
        return wanted.isEmpty()
                || wanted.contains(suite.title())
                || wanted.contains(className)
                || wanted.contains(simpleName)
                || wanted.stream().anyMatch(tool -> ToolTests.isAbout(tool, simpleName));
    }
}
