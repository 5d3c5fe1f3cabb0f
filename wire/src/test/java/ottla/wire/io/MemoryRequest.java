package ottla.wire.io;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import ottla.base.Check;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/** A request that never was on a wire, encoded all the same; its answer comes back as the message that a client would read. */
public final class MemoryRequest implements InboundRequest {
    private final ApiKey api;
    private final int version;
    private final Connection connection;
    private final ByteBuffer bytes;
    private final Reader body;
    private final CompletableFuture<Response> answer = new CompletableFuture<>();
    private volatile int heldBackMs;
    private Runnable whenLeaving = () -> {};
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    public MemoryRequest(ApiKey api, int version, Request message, Connection connection) {
        this.api = api;
        this.version = version;
        this.connection = connection;
        Writer writer = new Writer(256);
        message.write(writer, version);
        bytes = writer.toBuffer();
        body = new Reader(bytes);
    }

    /** Completes with the answer, read back from its bytes. */
    public CompletableFuture<Response> answer() {
        return answer;
    }

    /** Whether the request has been answered, has ended without an answer, or has closed its connection. */
    public boolean isEnded() {
        return ended.isDone();
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
        return 7;
    }

    @Override
    public String clientId() {
        return "memory";
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public int sizeBytes() {
        return bytes.remaining();
    }

    @Override
    public long arrivalNs() {
        return 0;
    }

    @Override
    public Reader body() {
        return body;
    }

    @Override
    public Request readMessage() {
        return api.readRequest(body, version);
    }

    @Override
    public void releaseBody() {}

    @Override
    public void whenLeaving(Runnable task) {
        whenLeaving = task;
    }

    /** As if the client had gone. */
    public void leave() {
        whenLeaving.run();
    }

    /** For how long the client is not to be heard; 0 if that was not asked for. */
    public int heldBackMs() {
        return heldBackMs;
    }

    @Override
    public void holdBack(int throttleMs) {
        heldBackMs = throttleMs;
    }

    @Override
    public void answer(Response response) {
        end();
        Writer writer = new Writer(256);
        response.write(writer, version);
        answer.complete(api.readResponse(new Reader(writer.toBuffer()), version));
    }

    @Override
    public void answerNothing() {
        end();
    }

    @Override
    public void close(String reason) {
        end();
        connection.close(reason);
    }

    private void end() {
        Check.invariant(ended.complete(null), "a request is answered once");
    }
}
