package ottla.compat.bridge;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** What the test under way wanted to know and nobody can see from outside; it may have swallowed the error that told it so. */
public final class Sightings {
    private static final AtomicReference<Optional<String>> UNSEEN = new AtomicReference<>(Optional.empty());

    private Sightings() {}

    /** Another test begins. */
    public static void forget() {
        UNSEEN.set(Optional.empty());
    }

    static void missed(String what) {
        UNSEEN.compareAndSet(Optional.empty(), Optional.of(what));
    }

    /** The first thing that could not be answered. */
    public static Optional<String> unseen() {
        return UNSEEN.get();
    }
}
