package ottla.compat.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ottla.compat.suite.Outcome.Verdict;

/** Each of Kafka's tests that ever passed on Ottla passes: the lists in the folder {@code passing} only grow. */
final class PassingTest {
    private static final int WORKERS = 3;

    /** Those of which anything has been run. */
    static List<Suite> suites() {
        return Stream.of(Suite.values())
                .filter(suite -> !SuiteFiles.passing(suite).tests().isEmpty())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("suites")
    void whatPassedOncePasses(Suite suite) throws Exception {
        Set<String> tests = SuiteFiles.passing(suite).tests();
        Path file = SuiteFiles.results("verify", suite);
        Files.deleteIfExists(file);
        Results results = Results.open(file);

        new Run(Target.OTTLA, results, SuiteFiles.log("verify", suite), System.out, WORKERS, WORKERS)
                .run(methods(tests));

        Map<String, Outcome> outcomes = results.outcomes();
        List<String> fallen = tests.stream()
                .filter(test ->
                        !outcomes.containsKey(test) || outcomes.get(test).verdict() != Verdict.PASSED)
                .map(test -> test + ": "
                        + (outcomes.containsKey(test) ? outcomes.get(test).reason() : "did not run"))
                .toList();
        assertThat(fallen).as("tests of %s that passed before", suite.title()).isEmpty();
    }

    private static Map<String, Map<String, String>> methods(Set<String> tests) {
        Set<String> wanted = tests.stream().map(Outcome::methodOf).collect(Collectors.toSet());
        List<String> classes =
                tests.stream().map(Outcome::classOf).distinct().sorted().toList();
        Map<String, Map<String, String>> methods = new LinkedHashMap<>();
        TestMethods.of(classes).forEach((name, ofClass) -> {
            Map<String, String> some = new LinkedHashMap<>(ofClass);
            some.values().removeIf(method -> !wanted.contains(method));
            methods.put(name, some);
        });
        return methods;
    }
}
