package ottla.broker.io;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * Changes that clients ask of this broker. The controller decides them; this broker answers when it has carried out all that it has
 * heard of, so that a client finds a topic that it has just created where it created it. With an active controller in the same
 * process that is certain, with another one likely: it takes the way over the metadata log, as in Kafka.
 *
 * <p>Safe for use by several threads.
 */
final class ShownChanges {
    /** A disk that hangs must not keep back an answer that is decided. */
    private static final long CARRIED_OUT_LIMIT_MS = 5_000;

    private final ActiveController controller;
    private final Supplier<CompletionStage<Void>> carriedOut;

    /** @param carriedOut completes when all metadata that this broker has heard of when asked is carried out */
    ShownChanges(ActiveController controller, Supplier<CompletionStage<Void>> carriedOut) {
        this.controller = controller;
        this.carriedOut = carriedOut;
    }

    <Q extends Request, A extends Response> CompletionStage<A> decide(Q change, InboundRequest from) {
        return controller
                .<Q, A>forward(change, from)
                .thenCompose(answer -> carriedOut
                        .get()
                        .toCompletableFuture()
                        .completeOnTimeout(null, CARRIED_OUT_LIMIT_MS, TimeUnit.MILLISECONDS)
                        .thenApply(_ -> answer));
    }
}
