package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.FileRegion;
import io.netty.channel.MessageSizeEstimator;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ottla.wire.primitive.Message;
import ottla.wire.primitive.Payload;
import ottla.wire.primitive.Writer;

/**
 * Turns messages into frames on their way to a socket. Small frames gather in one buffer, which goes to the socket with one
 * system call when everything that is written together has been; large payloads go between as they are, and are released when
 * the socket has taken them or failed.
 *
 * <p>Owned by the connection's loop.
 */
final class FrameWriter {
    private static final int GATHER_BYTES = 1024;

    /** Beyond this another buffer is begun: growing means copying. */
    private static final int GATHER_MAX_BYTES = 64 * 1024;

    private final NettyLoop loop;
    private final Channel channel;
    private final Consumer<ByteBuffer> ownBytes = this::gather;
    private final Consumer<Payload> payloads = this::writePayload;
    private final Runnable flushTask = this::flush;
    private @Nullable ByteBuf gathered;
    private boolean unflushed;
    private boolean flushScheduled;

    FrameWriter(NettyLoop loop, Channel channel) {
        this.loop = loop;
        this.channel = channel;
    }

    /** Encodes a frame. If this throws while the messages are encoded, nothing of the frame is left behind. */
    void write(Message header, int headerVersion, Message body, int bodyVersion) {
        Writer scratch = loop.scratch();
        int frameBytes;
        try {
            header.write(scratch, headerVersion);
            body.write(scratch, bodyVersion);
            frameBytes = scratch.sizeBytes();
        } catch (RuntimeException | Error e) {
            scratch.clear();
            throw e;
        }
        try {
            gatherBuffer(Integer.BYTES).writeInt(frameBytes);
            scratch.drain(ownBytes, payloads);
        } catch (RuntimeException | Error e) {
            // Out of memory. Which payloads are handed over already is not known, so none may be released by the
            // scratch.
            loop.newScratch();
            throw e;
        }
        if (frameBytes > NettyLoop.SCRATCH_KEPT_BYTES) {
            loop.newScratch();
        }
    }

    /** Releases what a message holds that nobody will get. */
    static void discard(Writer scratch, Message message, int version) {
        try {
            message.write(scratch, version);
        } finally {
            scratch.clear();
        }
    }

    /** Flushes when the loop has done what it does now, however much is written until then. */
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

    /** Drops the frames that did not leave. */
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
        unflushed = true;
        if (payload instanceof FilePayload file) {
            var unused = channel.write(new SentFile(file), channel.voidPromise());
            return;
        }
        List<ByteBuffer> pieces = payload.pieces();
        int lastIndex = pieces.size() - 1;
        for (int i = 0; i < lastIndex; i++) {
            var unused = channel.write(Unpooled.wrappedBuffer(pieces.get(i)), channel.voidPromise());
        }
        channel.write(Unpooled.wrappedBuffer(pieces.get(lastIndex))).addListener(done -> payload.release());
    }

    /** The file is not closed with the region, but given back to the log that shares it. */
    private static final class SentFile extends DefaultFileRegion {
        private final FilePayload file;

        SentFile(FilePayload file) {
            super(file.channel(), file.position(), file.sizeBytes());
            this.file = file;
        }

        @Override
        protected void deallocate() {
            file.release();
        }
    }

    /** Counts the bytes of files like others, so that a client that does not read its answers is noticed by them. */
    static final MessageSizeEstimator SIZES = () -> message -> switch (message) {
        case ByteBuf bytes -> bytes.readableBytes();
        case FileRegion file -> (int) file.count();
        default -> 0;
    };
}
