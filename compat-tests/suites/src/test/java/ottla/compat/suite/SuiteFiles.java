package ottla.compat.suite;

import java.nio.file.Path;

/** Where what is known of the suites is kept: lists beside the code, results of runs in the build's folder. */
final class SuiteFiles {
    private static final Path MODULE = Path.of(System.getProperty("basedir"));

    private SuiteFiles() {}

    static Path scoreboard() {
        return MODULE.resolveSibling("SCOREBOARD.md");
    }

    static Ceiling ceiling(Suite suite) {
        return Ceiling.load(MODULE.resolve("ceiling").resolve(suite.title() + ".tsv"));
    }

    static Passing passing(Suite suite) {
        return Passing.load(MODULE.resolve("passing").resolve(suite.title() + ".txt"));
    }

    /** @param run what tells runs apart that know nothing of each other */
    static Path results(String run, Suite suite) {
        return MODULE.resolve("target").resolve("suites").resolve(run).resolve(suite.title() + ".tsv");
    }

    /** What the tests and their clients print. */
    static Path log(String run, Suite suite) {
        return results(run, suite).resolveSibling(suite.title() + ".log");
    }
}
