package ottla.wire.io;

import java.io.IOException;

/** Why a peer did not answer. The request may have reached it or not, unless the reason says more. */
public final class PeerFailure extends IOException {
    private static final long serialVersionUID = 1;

    /** What went wrong, as far as it makes a difference to who asked. */
    public enum Reason {
        /** The host is not known, or cannot be reached in time. Nothing was sent. */
        NOT_CONNECTED,
        /** The host says that nobody listens there. Nothing was sent. */
        REFUSED,
        /** As many requests are on their way as may be. Nothing was sent. */
        TOO_MANY_IN_FLIGHT,
        /** The request cannot be written in the version asked for. Nothing was sent. */
        NOT_SENDABLE,
        /** No answer in time; the connection is closed. */
        TIMED_OUT,
        /** The connection closed, from either side. */
        CLOSED,
        /** The peer sent something else than the answer; the connection is closed. */
        NOT_UNDERSTOOD
    }

    private final Reason reason;

    PeerFailure(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    PeerFailure(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
