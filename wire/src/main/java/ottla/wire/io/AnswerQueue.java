package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ottla.wire.message.Response;
import ottla.wire.primitive.Payload;
import ottla.wire.primitive.Writer;

/**
 * The requests of one connection that are not answered yet, in their order, and the answers on their way to the socket.
 *
 * <p>An answer waits until it is first in the queue and is encoded then. Small answers gather in one buffer, which goes to the
 * socket with one system call when the requests that came together have been handled; payloads go between as they are, and are
 * released when the socket has taken them or failed.
 *
 * <p>Owned by the connection's loop.
 */
final class AnswerQueue {
    private static final int GATHER_BYTES = 1024;

    /** Beyond this another buffer is begun: growing means copying. */
    private static final int GATHER_MAX_BYTES = 64 * 1024;

    private final NettyLoop loop;
    private final Channel channel;
    private final Consumer<ByteBuffer> ownBytes = this::gather;
    private final Consumer<Payload> payloads = this::writePayload;
    private final Runnable flushTask = this::flush;
    private @Nullable PendingRequest first;
    private @Nullable PendingRequest last;
    private @Nullable ByteBuf gathered;
    private boolean unflushed;
    private boolean flushScheduled;

    AnswerQueue(NettyLoop loop, Channel channel) {
        this.loop = loop;
        this.channel = channel;
    }

    void add(PendingRequest request) {
        if (last == null) {
            first = request;
        } else {
            last.next = request;
        }
        last = request;
    }

    boolean isEmpty() {
        return first == null;
    }

    /** Takes the first request out if it has ended; otherwise there is nothing to do now. */
    @Nullable
    PendingRequest pollEnded() {
        PendingRequest head = first;
        if (head == null || head.outcome() == null) {
            return null;
        }
        return poll();
    }

    /** Takes the first request out, ended or not. */
    @Nullable
    PendingRequest poll() {
        PendingRequest head = first;
        if (head != null) {
            first = head.next;
            head.next = null;
            if (first == null) {
                last = null;
            }
        }
        return head;
    }

    /** Encodes an answer. What it throws leaves nothing of the answer behind. */
    void write(PendingRequest request, Response response) {
        Writer scratch = loop.scratch();
        int bodyBytes;
        try {
            response.write(scratch, request.version());
            bodyBytes = scratch.sizeBytes();
        } catch (RuntimeException | Error e) {
            scratch.clear();
            throw e;
        }
        int headerVersion = request.api().responseHeaderVersion(request.version());
        int headerBytes = Integer.BYTES + headerVersion;
        ByteBuf out = gatherBuffer(Integer.BYTES + headerBytes);
        out.writeInt(headerBytes + bodyBytes).writeInt(request.correlationId());
        if (headerVersion > 0) {
            out.writeByte(0);
        }
        try {
            scratch.drain(ownBytes, payloads);
        } catch (RuntimeException | Error e) {
            // Out of memory. Which payloads are handed over already is not known, so none may be released by the
            // scratch.
            loop.newScratch();
            throw e;
        }
        if (bodyBytes > NettyLoop.SCRATCH_KEPT_BYTES) {
            loop.newScratch();
        }
    }

    /** Releases what an answer holds that nobody will get. */
    static void discard(Writer scratch, Response response, int version) {
        try {
            response.write(scratch, version);
        } finally {
            scratch.clear();
        }
    }

    /** Flushes when the loop has done what it does now, however many answers are written until then. */
    void flushSoon() {
        if (!flushScheduled) {
            flushScheduled = true;
            loop.execute(flushTask);
        }
    }

    void flush() {
        flushScheduled = false;
        writeGathered();
        if (unflushed) {
            unflushed = false;
            channel.flush();
        }
    }

    /** Drops the answers that did not leave. */
    void abandon() {
        if (gathered != null) {
            gathered.release();
            gathered = null;
        }
    }

    private ByteBuf gatherBuffer(int moreBytes) {
        if (gathered != null && gathered.readableBytes() + moreBytes > GATHER_MAX_BYTES) {
            writeGathered();
        }
        if (gathered == null) {
            gathered = loop.memory().buffer(Math.max(GATHER_BYTES, moreBytes));
        }
        return gathered;
    }

    private void gather(ByteBuffer bytes) {
        gatherBuffer(bytes.remaining()).writeBytes(bytes);
    }

    private void writeGathered() {
        if (gathered != null) {
            var unused = channel.write(gathered, channel.voidPromise());
            gathered = null;
            unflushed = true;
        }
    }

    private void writePayload(Payload payload) {
        writeGathered();
        List<ByteBuffer> pieces = payload.pieces();
        int lastIndex = pieces.size() - 1;
        for (int i = 0; i < lastIndex; i++) {
            var unused = channel.write(Unpooled.wrappedBuffer(pieces.get(i)), channel.voidPromise());
        }
        channel.write(Unpooled.wrappedBuffer(pieces.get(lastIndex))).addListener(done -> payload.release());
        unflushed = true;
    }
}
