package ottla.broker.io;

/** The node cannot start, and the message tells the one who starts it why and what to do. */
final class RefusedStart extends RuntimeException {
    private static final long serialVersionUID = 1;

    RefusedStart(String message) {
        super(message);
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
