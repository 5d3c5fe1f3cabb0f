package ottla.controller.decide;

import ottla.base.ErrorCode;

/** Whether something that a client asked for can be done. A refusal is a value, since a client can cause it. */
public sealed interface Verdict<T> {
    record Granted<T>(T value) implements Verdict<T> {}

    /** The message is a sentence for the person behind the client: tools print it. */
    record Refused<T>(ErrorCode error, String message) implements Verdict<T> {
        public <S> Refused<S> as() {
            return new Refused<>(error, message);
        }
    }

    static <T> Verdict<T> granted(T value) {
        return new Granted<>(value);
    }

    static <T> Refused<T> refused(ErrorCode error, String message) {
        return new Refused<>(error, message);
    }

    /** What was granted; to be asked only after it was found not to be refused. */
    default T granted() {
        if (this instanceof Granted<T> granted) {
            return granted.value();
        }
        throw new IllegalStateException("refused: " + this);
    }
}
