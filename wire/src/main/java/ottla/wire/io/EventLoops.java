package ottla.wire.io;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that serve sockets, the memory they read into, and which system interface they use. One for a process; servers
 * and clients share it. Closed last, after the servers and clients on it.
 */
public final class EventLoops implements AutoCloseable {
    /** How sockets are watched. */
    public enum Transport {
        /** Linux's epoll through Netty's native library: fewer system calls and no garbage per event. */
        EPOLL,
        /** The JDK's selector. */
        NIO;

        /** Epoll where there is one. */
        public static Transport best() {
            return Epoll.isAvailable() ? EPOLL : NIO;
        }
    }

    private static final long QUIET_MS = 0;
    private static final long CLOSE_LIMIT_MS = 5_000;

    /**
     * A pool takes memory from the system in chunks of 4 MiB (pages of 8 KiB, 2^9 of them) and has one arena per loop, so that
     * loops do not meet at a lock. A chunk that is empty again is given back, and untouched pages of it cost nothing.
     */
    private static final int PAGE_BYTES = 8192;

    private static final int CHUNK_ORDER = 9;
    private static final int CACHED_SMALL_COUNT = 256;
    private static final int CACHED_NORMAL_COUNT = 16;

    static {
        if (System.getProperty("io.netty.leakDetection.level") == null) {
            // Sampling every hundredth buffer with a stack trace is for tests, which ask for it.
            ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        }
    }

    private final Transport transport;
    private final MultiThreadIoEventLoopGroup group;
    private final MultiThreadIoEventLoopGroup acceptors;
    private final ByteBufAllocator memory;
    private final List<NettyLoop> loops = new ArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();

    /** Starts so many loops on the best transport. */
    public EventLoops(int count) {
        this(count, Transport.best());
    }

    public EventLoops(int count, Transport transport) {
        this.transport = transport;
        IoHandlerFactory handlers =
                transport == Transport.EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        group = new MultiThreadIoEventLoopGroup(count, new DefaultThreadFactory("ottla-network"), handlers);
        acceptors = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("ottla-accept"), handlers);
        memory = new PooledByteBufAllocator(
                true, 0, count, PAGE_BYTES, CHUNK_ORDER, CACHED_SMALL_COUNT, CACHED_NORMAL_COUNT, false);
        for (EventExecutor executor : group) {
            loops.add(new NettyLoop((EventLoop) executor, memory));
        }
    }

    public Transport transport() {
        return transport;
    }

    public int count() {
        return loops.size();
    }

    /** One of the loops, each in turn. */
    public Loop next() {
        return loops.get(Math.floorMod(turn.getAndIncrement(), loops.size()));
    }

    List<NettyLoop> loops() {
        return loops;
    }

    /** The loop that a registered channel belongs to. */
    NettyLoop loopOf(Channel channel) {
        EventLoop wanted = channel.eventLoop();
        for (NettyLoop loop : loops) {
            if (loop.isOn(wanted)) {
                return loop;
            }
        }
        throw new IllegalStateException("a channel of other loops");
    }

    ByteBufAllocator memory() {
        return memory;
    }

    /**
     * Where listeners wait for connections: a thread that does nothing else. The backlog is short, and a connection that finds it
     * full tries again after a second, so accepting must not stand behind the requests of those who are in already.
     */
    MultiThreadIoEventLoopGroup acceptors() {
        return acceptors;
    }

    MultiThreadIoEventLoopGroup group() {
        return group;
    }

    Class<? extends ServerChannel> serverChannel() {
        return transport == Transport.EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    Class<? extends Channel> clientChannel() {
        return transport == Transport.EPOLL ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    /** Stops the loops and waits for them. Tasks that have not run by then never will. */
    @Override
    public void close() {
        var acceptorsEnd = acceptors.shutdownGracefully(QUIET_MS, CLOSE_LIMIT_MS, TimeUnit.MILLISECONDS);
        group.shutdownGracefully(QUIET_MS, CLOSE_LIMIT_MS, TimeUnit.MILLISECONDS)
                .syncUninterruptibly();
        acceptorsEnd.syncUninterruptibly();
        loops.forEach(NettyLoop::free);
    }
}
