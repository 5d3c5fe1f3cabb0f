package ottla.wire.primitive;

/**
 * The bytes are not a message of the schema that they are read with. The sender's fault, so no stack trace is taken: a hostile
 * peer must not be able to make refusals dear.
 */
public final class MalformedMessage extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MalformedMessage(String message) {
        super(message, null, false, false);
    }
}
