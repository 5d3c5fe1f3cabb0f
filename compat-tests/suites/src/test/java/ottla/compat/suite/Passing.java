package ottla.compat.suite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/** The tests of a suite that pass on Ottla and have to from now on: a list that only grows. */
final class Passing {
    private final Path file;
    private final Set<String> tests;

    private Passing(Path file, Set<String> tests) {
        this.file = file;
        this.tests = tests;
    }

    static Passing load(Path file) {
        try {
            return new Passing(file, Files.exists(file) ? new TreeSet<>(Files.readAllLines(file)) : new TreeSet<>());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Set<String> tests() {
        return tests;
    }

    void add(Collection<String> more) {
        if (!tests.addAll(more)) {
            return;
        }
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, String.join("\n", tests) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
