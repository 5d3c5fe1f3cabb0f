package ottla.broker.io.command;

/** A command was called in a way that it cannot be called. */
final class Misuse extends RuntimeException {
    private static final long serialVersionUID = 1;

    Misuse(String sentence) {
        super(sentence, null, false, false);
    }
}
