package ottla.broker.io.cluster;

/** What cannot be done, in a sentence for who asked for it. Ends the command. */
final class Mistake extends RuntimeException {
    private static final long serialVersionUID = 1;

    Mistake(String sentence) {
        super(sentence, null, false, false);
    }

    String sentence() {
        return String.valueOf(getMessage());
    }
}
