package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Tells Netty where a connection's next bytes go, and whether to read once more before other connections get their turn.
 * Owned by the connection's loop.
 */
@SuppressWarnings("deprecation") // Netty deprecated the handle's type as a supertype, not its use
final class ReadSizing implements RecvByteBufAllocator, RecvByteBufAllocator.ExtendedHandle {
    /** What one connection may read in one turn: enough for a full receive buffer, little enough for the others' patience. */
    private static final int TURN_BYTES = 512 * 1024;

    /** The connection's side of reading. */
    interface Source {
        /** Where the next bytes belong; released by who asks. */
        ByteBuf lendReadBuffer();

        /** Whether the socket may be read on in the present turn. */
        boolean wantsMore();
    }

    private final Source source;
    private int turnBytes;
    private int lastBytes;
    private int attemptedBytes;

    ReadSizing(Source source) {
        this.source = source;
    }

    @Override
    public Handle newHandle() {
        return this;
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator memory) {
        return source.lendReadBuffer();
    }

    @Override
    public int guess() {
        return TURN_BYTES;
    }

    @Override
    public void reset(ChannelConfig config) {
        turnBytes = 0;
    }

    @Override
    public void incMessagesRead(int count) {}

    @Override
    public void lastBytesRead(int sizeBytes) {
        lastBytes = sizeBytes;
        turnBytes += Math.max(0, sizeBytes);
    }

    @Override
    public int lastBytesRead() {
        return lastBytes;
    }

    @Override
    public void attemptedBytesRead(int sizeBytes) {
        attemptedBytes = sizeBytes;
    }

    @Override
    public int attemptedBytesRead() {
        return attemptedBytes;
    }

    /** A buffer that was not filled has emptied the socket, most likely: asking again would be a system call for nothing. */
    @Override
    public boolean continueReading() {
        return lastBytes == attemptedBytes && mayReadOn();
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
        return mayReadOn() && maybeMore.get();
    }

    @Override
    public void readComplete() {}

    private boolean mayReadOn() {
        return turnBytes < TURN_BYTES && source.wantsMore();
    }
}
