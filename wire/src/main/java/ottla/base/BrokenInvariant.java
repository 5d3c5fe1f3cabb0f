package ottla.base;

/** A rule that this code relies on does not hold. It stops the owner of the state concerned, and nothing else. */
public final class BrokenInvariant extends IllegalStateException {
    private static final long serialVersionUID = 1;

    BrokenInvariant(String message) {
        super(message);
    }
}
