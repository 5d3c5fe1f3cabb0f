package ottla.compat.suite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What is known of a suite on one kind of node. It is kept in a file line by line, so that a run can go on where another ended. */
final class Results {
    private static final String DONE = "DONE\t";

    private final Path file;
    private final Map<String, Outcome> outcomes = new TreeMap<>();
    private final Set<String> done = new HashSet<>();

    private Results(Path file) {
        this.file = file;
    }

    /** What earlier runs have left. */
    static Results open(Path file) {
        Results results = new Results(file);
        try {
            Files.createDirectories(file.getParent());
            if (Files.exists(file)) {
                Files.readAllLines(file).forEach(results::load);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return results;
    }

    private void load(String line) {
        if (line.startsWith(DONE)) {
            done.add(line.substring(DONE.length()));
        } else {
            remember(Outcome.parse(line));
        }
    }

    /** Forgets what is known of methods, which are about to run again. */
    synchronized void forget(Map<String, String> methods) {
        done.removeAll(methods.keySet());
        outcomes.keySet().removeIf(test -> methods.containsValue(Outcome.methodOf(test)));
        try {
            Files.writeString(file, "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        outcomes.values().forEach(outcome -> append(outcome.line()));
        done.forEach(method -> append(DONE + method));
    }

    synchronized void add(Outcome outcome) {
        remember(outcome);
        append(outcome.line());
    }

    synchronized void finish(String method) {
        done.add(method);
        append(DONE + method);
    }

    synchronized boolean isDone(String method) {
        return done.contains(method);
    }

    /** By the names of the tests. */
    synchronized Map<String, Outcome> outcomes() {
        return new TreeMap<>(outcomes);
    }

    private void remember(Outcome outcome) {
        outcomes.merge(outcome.test(), outcome, Outcome::worse);
    }

    private void append(String line) {
        try {
            Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
