package ottla.broker.api;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.wire.message.AllocateProducerIdsResponse;

/**
 * Gives out producer ids from blocks that the controller assigns to this broker (KIP-730). Guarded by its own lock; whoever comes
 * while a block is under way waits for that one.
 */
public final class ProducerIds {
    private final Supplier<CompletionStage<AllocateProducerIdsResponse>> controller;
    private long next;
    private long end;
    private @Nullable CompletableFuture<ErrorCode> underWay;

    /** @param controller asks for the next block */
    public ProducerIds(Supplier<CompletionStage<AllocateProducerIdsResponse>> controller) {
        this.controller = controller;
    }

    /** An id that nobody else was or will be given, or an error to be tried again. */
    public sealed interface Issued {
        record Id(long producerId) implements Issued {}

        record Failed(ErrorCode error) implements Issued {}
    }

    public CompletionStage<Issued> issue() {
        CompletableFuture<ErrorCode> block;
        boolean ask = false;
        synchronized (this) {
            if (next < end) {
                return CompletableFuture.completedFuture(new Issued.Id(next++));
            }
            if (underWay == null) {
                underWay = new CompletableFuture<>();
                ask = true;
            }
            block = underWay;
        }
        if (ask) {
            controller.get().whenComplete((response, failure) -> take(response, failure));
        }
        return block.thenCompose(error ->
                error == ErrorCode.NONE ? issue() : CompletableFuture.completedFuture(new Issued.Failed(error)));
    }

    private void take(@Nullable AllocateProducerIdsResponse response, @Nullable Throwable failure) {
        CompletableFuture<ErrorCode> waiting;
        ErrorCode error = failure != null || response == null
                ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
                : ErrorCode.of(response.errorCode());
        synchronized (this) {
            if (error == ErrorCode.NONE && response != null) {
                next = response.producerIdStart();
                end = next + response.producerIdLen();
            }
            waiting = Objects.requireNonNull(underWay);
            underWay = null;
        }
        // whatever kept the controller from answering, a client that tries again finds it gone
        waiting.complete(error == ErrorCode.NONE ? error : ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    }
}
