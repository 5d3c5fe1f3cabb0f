package ottla.compat.suite;

import java.util.Locale;

/** Of what the tests' clusters are made. */
enum Target {
    /** What cannot pass here cannot pass anywhere: the ceiling. */
    KAFKA(12_000),
    OTTLA(15_000);

    private static final int PORTS_OF_A_WORKER = 300;
    static final int WORKERS_MAX = 10;

    private final int firstPort;

    Target(int firstPort) {
        this.firstPort = firstPort;
    }

    /** Workers side by side, of both kinds too, keep out of each other's way. */
    int firstPort(int worker) {
        return firstPort + worker % WORKERS_MAX * PORTS_OF_A_WORKER;
    }

    String title() {
        return name().toLowerCase(Locale.ROOT);
    }
}
