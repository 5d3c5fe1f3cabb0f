package ottla.compat.suite;

/**
 * How one run of a test ended.
 *
 * @param test class, method and the cluster that it was given, without the number of the run, which may be another next time
 * @param reason in one line, empty where it passed
 */
record Outcome(String test, Verdict verdict, long millis, String reason) {
    enum Verdict {
        PASSED,
        FAILED,
        /** The test looks at what cannot be seen from outside of a process. */
        NOT_APPLICABLE,
        SKIPPED
    }

    /** The class and method of a test, without the cluster that it was given. */
    static String methodOf(String test) {
        return test.split(" ", 2)[0];
    }

    static String classOf(String test) {
        return methodOf(test).split("#", 2)[0];
    }

    /** Of two runs that cannot be told apart, the worse counts. */
    Outcome worse(Outcome other) {
        return severity() >= other.severity() ? this : other;
    }

    private int severity() {
        return switch (verdict) {
            case PASSED -> 0;
            case SKIPPED -> 1;
            case NOT_APPLICABLE -> 2;
            case FAILED -> 3;
        };
    }

    String line() {
        return String.join("\t", test, verdict.name(), String.valueOf(millis), reason);
    }

    static Outcome parse(String line) {
        String[] parts = line.split("\t", -1);
        return new Outcome(parts[0], Verdict.valueOf(parts[1]), Long.parseLong(parts[2]), parts[3]);
    }
}
