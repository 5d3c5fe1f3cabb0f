package ottla.compat.suite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import ottla.compat.suite.Outcome.Verdict;

/** How the tests of a suite end on Kafka's own nodes: kept beside the tests' code, one line a test. */
final class Ceiling {
    private final Path file;
    private final Map<String, Outcome> outcomes = new TreeMap<>();

    private Ceiling(Path file) {
        this.file = file;
    }

    static Ceiling load(Path file) {
        Ceiling ceiling = new Ceiling(file);
        try {
            if (Files.exists(file)) {
                for (String line : Files.readAllLines(file)) {
                    String[] parts = line.split("\t", -1);
                    ceiling.outcomes.put(parts[0], new Outcome(parts[0], Verdict.valueOf(parts[1]), 0, parts[2]));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ceiling;
    }

    /** What is known of classes is replaced. */
    void replace(Set<String> classes, Collection<Outcome> found) {
        outcomes.keySet().removeIf(test -> classes.contains(Outcome.classOf(test)));
        found.stream()
                .filter(outcome -> classes.contains(Outcome.classOf(outcome.test())))
                .forEach(outcome -> outcomes.put(outcome.test(), outcome));
        StringBuilder text = new StringBuilder();
        outcomes.values()
                .forEach(outcome -> text.append(String.join(
                                "\t", outcome.test(), outcome.verdict().name(), outcome.reason()))
                        .append('\n'));
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a test passes on Kafka; nothing is known of one that was never run there. */
    Optional<Boolean> passes(String test) {
        return Optional.ofNullable(outcomes.get(test)).map(outcome -> outcome.verdict() == Verdict.PASSED);
    }

    Collection<Outcome> outcomes() {
        return outcomes.values();
    }

    long count(Verdict verdict) {
        return outcomes.values().stream()
                .filter(outcome -> outcome.verdict() == verdict)
                .count();
    }
}
