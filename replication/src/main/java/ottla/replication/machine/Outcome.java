package ottla.replication.machine;

import java.util.function.Function;

/** How a command ended. */
public sealed interface Outcome<A> {
    /** Its records are committed. */
    record Answered<A>(A answer) implements Outcome<A> {}

    /** It was not carried out, or nobody can tell any more. */
    record Refused<A>(Refusal refusal) implements Outcome<A> {}

    /** The answer, or what the refusal means in the caller's protocol. */
    default A orElse(Function<Refusal, A> meaning) {
        return switch (this) {
            case Answered<A> answered -> answered.answer();
            case Refused<A> refused -> meaning.apply(refused.refusal());
        };
    }
}
