package ottla.wire.io;

import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.primitive.Reader;

/**
 * A request that came in and waits for its answer. The handler owes exactly one of {@link #answer}, {@link #answerNothing} and
 * {@link #close}, from any thread; until then the request's bytes are kept and count against the connection's limits. Answers
 * leave in the order in which the requests came, whatever the order in which they are given.
 */
public interface InboundRequest {
    ApiKey api();

    /** The version that the body is in, and that the answer will be written in. */
    int version();

    /**
     * Whether this is an ApiVersions request of a version that is not served. Its body cannot be read, {@link #version} is 0, and
     * the answer should be {@code UNSUPPORTED_VERSION} with the versions of ApiVersions itself, as Kafka does it (KIP-511).
     */
    boolean isUnsupportedVersion();

    int correlationId();

    /** What the client calls itself; empty if it sent null. */
    String clientId();

    Connection connection();

    /** Who asks: whoever speaks on the connection, or on whose behalf a broker passed the request on. */
    default Principal principal() {
        return connection().principal();
    }

    /** The size of the request without the length before it. */
    int sizeBytes();

    /** When the request was read, on the clock of {@link System#nanoTime}. */
    long arrivalNs();

    /** The bytes after the header. Valid until the answer or {@link #releaseBody}; what was read as a payload is a view on them. */
    Reader body();

    /**
     * Reads the whole body. If nothing in the message is a view on the request's bytes, which is so for everything but
     * Produce, the bytes are released at once. Called at most once, instead of {@link #body}.
     */
    Request readMessage();

    /** Gives back the request's bytes before the answer: worth while for a request that may wait long. */
    void releaseBody();

    /**
     * Runs a task when waiting has lost its point, because the connection is closed or takes no more requests before this one has
     * ended; on the loop, and never before this returns. The request is still to be ended. To be called on the loop, at most once.
     */
    void whenLeaving(Runnable task);

    /**
     * Takes no more from this client for so long, beginning with the answer that is given next (KIP-219). Nothing happens to a
     * connection that only carried the request: whoever passed it on holds the client back.
     */
    void holdBack(int throttleMs);

    /** Answers. The response and its payloads then belong to the connection, also if it is closed already. */
    void answer(Response response);

    /** Ends the request without any answer, as Produce with {@code acks=0} wants it. */
    void answerNothing();

    /** Ends the request by closing its connection; answers to earlier requests are still sent, if they are there. */
    void close(String reason);
}
