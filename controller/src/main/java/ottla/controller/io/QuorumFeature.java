package ottla.controller.io;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import ottla.base.ErrorCode;

/** The feature {@code kraft.version}, which the quorum keeps in records of its own (KIP-853). Any thread may call. */
public interface QuorumFeature {
    /** The level in force at the end of the log. */
    int level();

    /** Raises the level as the leader of {@code epoch}, if all voters are able to; {@link Outcome#DONE} says that it is appended. */
    CompletionStage<Outcome> raise(int epoch, int level);

    /** Whether {@link #raise} would do it. */
    CompletionStage<Outcome> validate(int epoch, int level);

    record Outcome(ErrorCode error, Optional<String> message) {
        public static final Outcome DONE = new Outcome(ErrorCode.NONE, Optional.empty());
    }

    /** For a quorum whose level is what it is. */
    static QuorumFeature fixed(int level) {
        return new QuorumFeature() {
            @Override
            public int level() {
                return level;
            }

            @Override
            public CompletionStage<Outcome> raise(int epoch, int wanted) {
                return validate(epoch, wanted);
            }

            @Override
            public CompletionStage<Outcome> validate(int epoch, int wanted) {
                return CompletableFuture.completedStage(
                        wanted == level
                                ? Outcome.DONE
                                : new Outcome(ErrorCode.INVALID_UPDATE_VERSION, Optional.of("The level is fixed.")));
            }
        };
    }
}
