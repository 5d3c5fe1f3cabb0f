package ottla.broker.io;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import ottla.wire.io.Loop;

/** Waiting for what others have to do first, though not for ever. */
final class Waits {
    private static final long STEP_LIMIT_MS = 30_000;

    /** Limits are set by people, some to the largest number there is. */
    private static final long LIMIT_MAX_MS = TimeUnit.DAYS.toMillis(365);

    private Waits() {}

    /** The same stage, but that it fails with a {@link RefusedStart} if it is not complete in time; completed by any thread. */
    static CompletionStage<Void> limited(String what, CompletionStage<Void> stage, long limitMs, Loop loop) {
        CompletableFuture<Void> limited = new CompletableFuture<>();
        Loop.Timer timer = loop.schedule(
                () -> limited.completeExceptionally(vain(what, limitMs, "nothing happened")),
                Math.min(limitMs, LIMIT_MAX_MS));
        var unused = stage.whenComplete((nothing, failure) -> {
            timer.cancel();
            if (failure == null) {
                limited.complete(null);
            } else {
                limited.completeExceptionally(vain(what, limitMs, String.valueOf(failure.getMessage())));
            }
        });
        return limited;
    }

    /** Waits for a stage that has its own limits. Throws what it fails with. */
    static void await(CompletionStage<Void> stage) {
        try {
            stage.toCompletableFuture().join();
        } catch (CompletionException failure) {
            if (failure.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw failure;
        }
    }

    /** Waits for a step of a node's end. */
    static void await(String what, CompletionStage<?> stage) {
        try {
            stage.toCompletableFuture().get(STEP_LIMIT_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new RefusedStart("Interrupted.");
        } catch (ExecutionException | TimeoutException failure) {
            throw vain(what, STEP_LIMIT_MS, failure.toString());
        }
    }

    private static RefusedStart vain(String what, long limitMs, String reason) {
        return new RefusedStart("Waited in vain for " + limitMs + " ms until " + what + ": " + reason);
    }
}
