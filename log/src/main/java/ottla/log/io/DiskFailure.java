package ottla.log.io;

import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * A disk did not do what was asked. Not a client's doing: whoever owns the state on that disk takes it offline, except when the
 * disk is merely {@link Kind#FULL}, which passes.
 */
public final class DiskFailure extends UncheckedIOException {
    private static final long serialVersionUID = 1;

    /** What it means for the owner. */
    public enum Kind {
        /** No room, or a quota is used up. What was there before is unharmed. */
        FULL,
        /** The file or directory is not there. */
        ABSENT,
        /** Another process owns the directory. */
        LOCKED,
        /** The device or file system reports an error: nothing on this disk is to be trusted to be written. */
        BROKEN
    }

    private final Kind kind;

    public DiskFailure(Kind kind, String what, IOException cause) {
        super(what + ": " + cause.getMessage(), cause);
        this.kind = kind;
    }

    /** The same, where it came at a moment that allows no going on. */
    DiskFailure asBroken(String when) {
        return new DiskFailure(Kind.BROKEN, when, new IOException(this));
    }

    public Kind kind() {
        return kind;
    }
}
