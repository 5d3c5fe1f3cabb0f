package ottla.broker.api;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import ottla.base.Check;
import ottla.wire.io.Connection;
import ottla.wire.io.InboundRequest;
import ottla.wire.io.Principal;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.primitive.Reader;

/**
 * A request that reached the controller by way of a broker: in an envelope, or within one process. Its answer goes to whoever
 * waits on {@link #answered} instead of to a connection. Ended once, by any thread.
 */
public final class CarriedRequest implements InboundRequest {
    private final ApiKey api;
    private final int version;
    private final int correlationId;
    private final String clientId;
    private final Request message;
    private final Principal principal;
    private final InboundRequest carrier;
    private final CompletableFuture<Response> answered = new CompletableFuture<>();

    /** @param carrier what brought it */
    CarriedRequest(
            ApiKey api,
            int version,
            int correlationId,
            String clientId,
            Request message,
            Principal principal,
            InboundRequest carrier) {
        this.api = api;
        this.version = version;
        this.correlationId = correlationId;
        this.clientId = clientId;
        this.message = message;
        this.principal = principal;
        this.carrier = carrier;
    }

    /** A request that came to this node's broker, for this node's controller. The broker may have changed the message. */
    public static CarriedRequest within(InboundRequest from, Request message) {
        return onBehalfOf(from, from.api(), from.version(), message);
    }

    /** What a request makes this broker ask, as if the client had asked it itself. */
    public static CarriedRequest onBehalfOf(InboundRequest from, ApiKey api, int version, Request message) {
        return new CarriedRequest(api, version, from.correlationId(), from.clientId(), message, from.principal(), from);
    }

    /** Completes with the answer; fails if the request was ended without one. */
    public CompletionStage<Response> answered() {
        return answered;
    }

    @Override
    public ApiKey api() {
        return api;
    }

    @Override
    public int version() {
        return version;
    }

    @Override
    public boolean isUnsupportedVersion() {
        return false;
    }

    @Override
    public int correlationId() {
        return correlationId;
    }

    @Override
    public String clientId() {
        return clientId;
    }

    @Override
    public Connection connection() {
        return carrier.connection();
    }

    @Override
    public Principal principal() {
        return principal;
    }

    @Override
    public int sizeBytes() {
        return carrier.sizeBytes();
    }

    @Override
    public long arrivalNs() {
        return carrier.arrivalNs();
    }

    @Override
    public Reader body() {
        throw new UnsupportedOperationException("a carried request is read already");
    }

    @Override
    public Request readMessage() {
        return message;
    }

    @Override
    public void releaseBody() {
        // the message holds no bytes of the carrier's
    }

    @Override
    public void whenLeaving(Runnable task) {
        carrier.whenLeaving(task);
    }

    @Override
    public void holdBack(int throttleMs) {
        // whoever waits for the answer reads there for how long
    }

    @Override
    public void answer(Response response) {
        Check.invariant(answered.complete(response), "a request is answered once");
    }

    @Override
    public void answerNothing() {
        close("no answer");
    }

    @Override
    public void close(String reason) {
        answered.completeExceptionally(new IllegalStateException(reason));
    }
}
