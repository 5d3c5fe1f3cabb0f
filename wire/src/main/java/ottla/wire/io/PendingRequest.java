package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.primitive.Reader;

/**
 * A request between its arrival and the departure of its answer. Made on the connection's loop and, apart from its outcome,
 * owned by it; the outcome is set once, by any thread. It is its own task for the way back to the loop, and its own link in
 * the queue of its connection, so that a request costs one object.
 */
final class PendingRequest implements InboundRequest, Runnable {
    private static final AtomicReferenceFieldUpdater<PendingRequest, @Nullable Object> OUTCOME =
            AtomicReferenceFieldUpdater.newUpdater(PendingRequest.class, Object.class, "outcome");

    /** What a request that ends without a response ends with. */
    enum End {
        WITHOUT_ANSWER,
        WITH_CONNECTION
    }

    /** Who has the request, as its connection sees it. */
    enum Whereabouts {
        /** The handler has it, or its outcome is on its way back to the loop. */
        AWAY,
        /** It has ended and waits in the queue for its turn. */
        RETURNED,
        /** It left the queue unsent while it was away, and is to be discarded when it comes back. */
        DROPPED
    }

    /** Whether the body is in a version that can be read. */
    enum Version {
        SERVED,
        UNSUPPORTED
    }

    private final ServerConnection connection;
    private final ByteBuf frame;
    private final ApiKey api;
    private final int version;
    private final Version versionState;
    private final int correlationId;
    private final String clientId;
    private final int sizeBytes;
    private final long arrivalNs;
    private final Reader body;
    private volatile @Nullable Object outcome;
    private boolean holdsFrame = true;
    private Whereabouts whereabouts = Whereabouts.AWAY;

    private @Nullable Runnable whenLeaving;

    /** The request that came after this one on the same connection. */
    @Nullable
    PendingRequest next;

    PendingRequest(ServerConnection connection, ByteBuf frame, RequestHead head, long arrivalNs) {
        this.connection = connection;
        this.frame = frame;
        this.arrivalNs = arrivalNs;
        api = head.api();
        version = head.version();
        versionState = head.versionState();
        correlationId = head.correlationId();
        clientId = head.clientId();
        sizeBytes = frame.readableBytes();
        body = new Reader(frame.internalNioBuffer(head.bodyPosition(), sizeBytes - head.bodyPosition()));
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
        return versionState == Version.UNSUPPORTED;
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
        return connection;
    }

    @Override
    public int sizeBytes() {
        return sizeBytes;
    }

    @Override
    public long arrivalNs() {
        return arrivalNs;
    }

    @Override
    public Reader body() {
        return body;
    }

    @Override
    public Request readMessage() {
        Request message = api.readRequest(body, version);
        if (api != ApiKey.PRODUCE) {
            releaseBody();
        }
        return message;
    }

    @Override
    public void releaseBody() {
        if (connection.loop().isCurrent()) {
            connection.releaseFrame(this);
        } else {
            connection.executeOrElse(() -> connection.releaseFrame(this), () -> {});
        }
    }

    @Override
    public void whenLeaving(Runnable task) {
        whenLeaving = task;
        if (connection.isLeaving()) {
            connection.executeOrElse(this::leave, () -> {});
        }
    }

    /** The connection takes no more requests. */
    void leave() {
        Runnable task = whenLeaving;
        whenLeaving = null;
        if (task != null && outcome == null) {
            task.run();
        }
    }

    @Override
    public void holdBack(int throttleMs) {
        if (connection.loop().isCurrent()) {
            connection.holdBack(throttleMs);
        } else {
            // it comes to the loop before the answer that is given next
            connection.executeOrElse(() -> connection.holdBack(throttleMs), () -> {});
        }
    }

    @Override
    public void answer(Response response) {
        end(response);
    }

    @Override
    public void answerNothing() {
        end(End.WITHOUT_ANSWER);
    }

    @Override
    public void close(String reason) {
        connection.note(reason);
        end(End.WITH_CONNECTION);
    }

    /** Ends the request with its connection if nothing has ended it yet. */
    void abort() {
        if (OUTCOME.compareAndSet(this, null, End.WITH_CONNECTION)) {
            connection.ended(this);
        }
    }

    private void end(Object how) {
        Check.invariant(OUTCOME.compareAndSet(this, null, how), "a request is answered once");
        connection.ended(this);
    }

    /** The way back to the loop from another thread. */
    @Override
    public void run() {
        connection.endedOnLoop(this);
    }

    /** A response, an {@link End}, or null as long as the request waits. */
    @Nullable
    Object outcome() {
        return outcome;
    }

    /** Gives back the frame's memory; false if that was done before. */
    boolean releaseFrame() {
        if (!holdsFrame) {
            return false;
        }
        holdsFrame = false;
        frame.release();
        return true;
    }

    /** The request comes back from the handler. Tells where it was thought to be. */
    Whereabouts giveBack() {
        Whereabouts before = whereabouts;
        whereabouts = Whereabouts.RETURNED;
        return before;
    }

    /** The request leaves the queue unsent. Tells where it was: one that had returned is to be discarded now. */
    Whereabouts drop() {
        Whereabouts before = whereabouts;
        whereabouts = Whereabouts.DROPPED;
        return before;
    }
}
