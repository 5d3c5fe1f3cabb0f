package ottla.broker.io;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.broker.api.ApiTable;
import ottla.broker.api.CarriedRequest;
import ottla.broker.api.Envelopes;
import ottla.broker.api.WrongController;
import ottla.controller.io.ControllerNode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AllocateProducerIdsRequest;
import ottla.wire.message.AllocateProducerIdsResponse;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsResponse;
import ottla.wire.message.EnvelopeResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.primitive.MalformedMessage;

/**
 * The active controller as this broker's clients see it: in this process if this node leads the quorum, else at the other end of
 * an envelope. Whoever asks while nobody is active, or while that changes, waits until somebody is.
 *
 * <p>Safe for use by several threads. A request that was under way to a controller that died is asked again, and may then have
 * been carried out already: as in Kafka, a topic is then said to exist.
 */
final class ActiveController {
    /** As long as Kafka's brokers try to pass something on. */
    private static final long FORWARD_LIMIT_MS = 60_000;

    /** An election takes a second or two; whoever waits for it should not wait much longer. */
    private static final long PAUSE_MS = 50;

    private final ControllerNode controller;
    private final ApiTable table;
    private final ControllerChannel channel;
    private final long requestTimeoutMs;
    private final LongSupplier ticksMs;

    /**
     * @param controller this node's own view of the metadata, active or not
     * @param table what serves a controller's listener, even if this node has none
     * @param requestTimeoutMs {@code request.timeout.ms}
     * @param ticksMs see {@link Host#ticksMs}
     */
    ActiveController(
            ControllerNode controller,
            ApiTable table,
            ControllerChannel channel,
            long requestTimeoutMs,
            LongSupplier ticksMs) {
        this.controller = controller;
        this.table = table;
        this.channel = channel;
        this.requestTimeoutMs = requestTimeoutMs;
        this.ticksMs = ticksMs;
    }

    /** Has the active controller answer what a client asked of this broker. */
    <Q extends Request, A extends Response> CompletionStage<A> forward(Q request, InboundRequest from) {
        CompletableFuture<Response> answer = new CompletableFuture<>();
        attempt(request, from, ticksMs.getAsLong() + FORWARD_LIMIT_MS, answer);
        @SuppressWarnings("unchecked") // an API has one type of answer
        CompletionStage<A> typed = (CompletionStage<A>) answer;
        return typed;
    }

    private void attempt(Request request, InboundRequest from, long deadlineMs, CompletableFuture<Response> answer) {
        long leftMs = deadlineMs - ticksMs.getAsLong();
        if (isHere()) {
            decideHere(request, from).whenComplete((response, failure) -> {
                if (response != null && WrongController.isToldBy(response)) {
                    again(request, from, deadlineMs, answer);
                } else {
                    complete(answer, response, failure);
                }
            });
        } else if (leftMs <= 0) {
            // each API has its own way to say that nobody is active
            decideHere(request, from).whenComplete((response, failure) -> complete(answer, response, failure));
        } else {
            channel.send(Envelopes.enclose(from, request), Math.min(leftMs, requestTimeoutMs))
                    .whenComplete((response, failure) -> {
                        if (failure != null) {
                            again(request, from, deadlineMs, answer);
                        } else {
                            open((EnvelopeResponse) response, request, from, deadlineMs, answer);
                        }
                    });
        }
    }

    private CompletionStage<Response> decideHere(Request request, InboundRequest from) {
        CarriedRequest carried = CarriedRequest.within(from, request);
        table.handle(carried);
        return carried.answered();
    }

    private void open(
            EnvelopeResponse envelope,
            Request request,
            InboundRequest from,
            long deadlineMs,
            CompletableFuture<Response> answer) {
        ErrorCode error = ErrorCode.of(envelope.errorCode());
        ByteBuffer data = envelope.responseData();
        if (error == ErrorCode.NOT_CONTROLLER) {
            again(request, from, deadlineMs, answer);
        } else if (error != ErrorCode.NONE || data == null) {
            answer.completeExceptionally(new IllegalStateException("the active controller answered with " + error));
        } else {
            try {
                answer.complete(Envelopes.answer(from, data));
            } catch (MalformedMessage malformed) {
                answer.completeExceptionally(malformed);
            }
        }
    }

    private void again(Request request, InboundRequest from, long deadlineMs, CompletableFuture<Response> answer) {
        var unused = from.connection().loop().schedule(() -> attempt(request, from, deadlineMs, answer), PAUSE_MS);
    }

    private static void complete(
            CompletableFuture<Response> answer, @Nullable Response response, @Nullable Throwable failure) {
        if (response != null) {
            answer.complete(response);
        } else {
            answer.completeExceptionally(failure == null ? new IllegalStateException("no answer") : failure);
        }
    }

    /** Creates topics that this broker wants itself. Asked once. */
    CompletionStage<CreateTopicsResponse> createTopics(CreateTopicsRequest request) {
        return isHere()
                ? controller.requests().createTopics(request)
                : channel.send(request, requestTimeoutMs).thenApply(CreateTopicsResponse.class::cast);
    }

    /** A block of producer ids for this broker. Asked once. */
    CompletionStage<AllocateProducerIdsResponse> allocateProducerIds(AllocateProducerIdsRequest request) {
        return isHere()
                ? controller.requests().allocateProducerIds(request)
                : channel.send(request, requestTimeoutMs).thenApply(AllocateProducerIdsResponse.class::cast);
    }

    private boolean isHere() {
        return controller.activeEpoch().isPresent();
    }
}
