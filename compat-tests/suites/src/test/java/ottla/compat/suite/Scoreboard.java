package ottla.compat.suite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ottla.compat.suite.Outcome.Verdict;

/** How many of the tests that pass on Kafka pass on Ottla, as a table and as a page with every one that does not. */
final class Scoreboard {
    private final List<Row> rows = new ArrayList<>();

    /**
     * @param ceiling how many tests pass on Kafka
     * @param passed how many of these pass on Ottla
     * @param notApplicable how many look inside of a process, on Kafka already
     * @param failing those of the ceiling that do not pass
     */
    private record Row(
            String suite, long ceiling, long passed, long notApplicable, long notRun, List<Outcome> failing) {}

    /** Adds a suite, if its ceiling is known. {@code outcomes}: of all runs on Ottla, by test. */
    void add(Suite suite, Ceiling ceiling, Map<String, Outcome> outcomes) {
        if (ceiling.outcomes().isEmpty()) {
            return;
        }
        List<Outcome> failing = new ArrayList<>();
        long passed = 0;
        long notRun = 0;
        for (Outcome onKafka : ceiling.outcomes()) {
            if (onKafka.verdict() != Verdict.PASSED) {
                continue;
            }
            Outcome onOttla = outcomes.get(onKafka.test());
            if (onOttla == null) {
                notRun++;
            } else if (onOttla.verdict() == Verdict.PASSED) {
                passed++;
            } else {
                failing.add(onOttla);
            }
        }
        rows.add(new Row(
                suite.title(),
                ceiling.count(Verdict.PASSED),
                passed,
                ceiling.count(Verdict.NOT_APPLICABLE),
                notRun,
                failing));
    }

    /** Whether all that passes on Kafka was run. */
    boolean isWhole() {
        return rows.stream().allMatch(row -> row.notRun == 0);
    }

    String table() {
        StringBuilder text = new StringBuilder();
        String line = "%-8s %8s %8s %8s %8s %15s%n";
        text.append(
                String.format(Locale.ROOT, line, "suite", "ceiling", "passed", "failed", "not run", "not applicable"));
        for (Row row : rows) {
            text.append(String.format(
                    Locale.ROOT,
                    line,
                    row.suite,
                    row.ceiling,
                    row.passed,
                    row.failing.size(),
                    row.notRun,
                    row.notApplicable));
        }
        return text.toString();
    }

    void writePage(Path file) {
        StringBuilder page = new StringBuilder();
        page.append("# Kafka's own tests on Ottla\n\n")
                .append(
                        "Written by `bin/compat`; do not edit. The tests that Apache Kafka 4.3.1 publishes for its own brokers, unmodified,\n")
                .append(
                        "on clusters of Ottla's nodes as processes. The ceiling is what passes in the same harness on Kafka's nodes\n")
                .append(
                        "(`bin/compat --kafka`); a test that looks inside of a broker's objects is not applicable. A test counts once for each kind\n")
                .append("of cluster that it asks for.\n\n")
                .append(
                        "| suite | ceiling | passed | failed | not run | not applicable |\n|---|---|---|---|---|---|\n");
        for (Row row : rows) {
            page.append(String.format(
                    Locale.ROOT,
                    "| %s | %d | %d | %d | %d | %d |%n",
                    row.suite,
                    row.ceiling,
                    row.passed,
                    row.failing.size(),
                    row.notRun,
                    row.notApplicable));
        }
        for (Row row : rows) {
            Map<String, List<Outcome>> byNeed = new TreeMap<>();
            row.failing.forEach(outcome -> byNeed.computeIfAbsent(need(outcome), need -> new ArrayList<>())
                    .add(outcome));
            byNeed.forEach((need, failing) -> {
                page.append("\n## ").append(row.suite).append(": ").append(need).append("\n\n");
                failing.forEach(outcome -> page.append("- `")
                        .append(outcome.test())
                        .append("`: ")
                        .append(outcome.reason().replace("<", "&lt;"))
                        .append('\n'));
            });
        }
        try {
            Files.writeString(file, page);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String need(Outcome failing) {
        Optional<Capability> capability = Capability.neededBy(failing);
        return capability.map(need -> "waits for " + need.title()).orElse("to be mended");
    }
}
