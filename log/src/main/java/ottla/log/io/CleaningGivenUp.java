package ottla.log.io;

/** A cleaner's pass cannot go on, and need not: its log was cut, removed or taken offline, or the node stops. Nothing is lost. */
final class CleaningGivenUp extends RuntimeException {
    private static final long serialVersionUID = 1;

    CleaningGivenUp() {
        super("given up", null, false, false);
    }
}
