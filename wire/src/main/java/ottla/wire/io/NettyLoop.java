package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import ottla.wire.primitive.Writer;

/**
 * One loop and what its connections share: the buffer that every read goes to first, and the scratch that every answer is
 * encoded in. Both are used and left within one call, so one of each is enough for any number of connections.
 *
 * <p>Fields are owned by the loop's thread; {@link #execute}, {@link #schedule} and {@link #isCurrent} may be called from any.
 */
final class NettyLoop implements Loop {
    /** As much as a socket's default receive buffer holds, so that one system call takes many small requests. */
    private static final int READ_BYTES = 64 * 1024;

    private static final int SCRATCH_BYTES = 16 * 1024;

    /** A scratch that an unusual answer made larger than this is not kept. */
    static final int SCRATCH_KEPT_BYTES = 1024 * 1024;

    private final EventLoop executor;
    private final ByteBufAllocator memory;
    private final ByteBuf readBuffer = Unpooled.directBuffer(READ_BYTES, READ_BYTES);
    private Writer scratch = new Writer(SCRATCH_BYTES);

    NettyLoop(EventLoop executor, ByteBufAllocator memory) {
        this.executor = executor;
        this.memory = memory;
    }

    @Override
    public void execute(Runnable task) {
        executor.execute(task);
    }

    @Override
    public Timer schedule(Runnable task, long delayMs) {
        var scheduled = executor.schedule(task, delayMs, TimeUnit.MILLISECONDS);
        return () -> scheduled.cancel(false);
    }

    @Override
    public boolean isCurrent() {
        return executor.inEventLoop();
    }

    boolean isOn(EventLoop other) {
        return executor.equals(other);
    }

    EventLoop executor() {
        return executor;
    }

    ByteBufAllocator memory() {
        return memory;
    }

    /** The empty read buffer, to be released by the caller; what is in it must be taken out before the next call. */
    ByteBuf lendReadBuffer() {
        return readBuffer.clear().retain();
    }

    /** The empty scratch. */
    Writer scratch() {
        return scratch;
    }

    /** Gives up the scratch for a new one. */
    void newScratch() {
        scratch = new Writer(SCRATCH_BYTES);
    }

    /** Runs the task on the loop, or says that the loop has ended. */
    boolean tryExecute(Runnable task) {
        try {
            executor.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    void free() {
        readBuffer.release();
    }
}
