package ottla.base;

/**
 * Invariants that stay on in production. A passing check costs a branch: the arguments are primitives and constants, and the
 * text is built only when the check fails.
 */
public final class Check {
    private Check() {}

    /** Throws {@link BrokenInvariant} naming {@code rule} unless {@code holds}. */
    public static void invariant(boolean holds, String rule) {
        if (!holds) {
            throw new BrokenInvariant(rule);
        }
    }

    /** Throws {@link BrokenInvariant} naming {@code rule} and both numbers unless {@code holds}. */
    public static void invariant(boolean holds, String rule, long actual, long bound) {
        if (!holds) {
            throw new BrokenInvariant(rule + ": " + actual + " against " + bound);
        }
    }
}
