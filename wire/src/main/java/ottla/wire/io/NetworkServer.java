package ottla.wire.io;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;

/**
 * Accepts connections on any number of listeners and gives their requests to the listeners' handlers.
 *
 * <p>{@link #open} listeners, in the end {@link #close}, from any thread but a loop's.
 */
public final class NetworkServer {
    private static final int ACCEPTED_IN_A_TURN = 64;

    private final EventLoops loops;
    private final NetworkLimits limits;
    private final Complaints complaints = new Complaints();
    private final ConnectionCount connections;
    private final Map<NettyLoop, ServerLoop> homes = new HashMap<>();
    private final List<Channel> doors = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private volatile boolean closing;

    public NetworkServer(EventLoops loops, NetworkLimits limits) {
        this.loops = loops;
        this.limits = limits;
        connections = new ConnectionCount(limits.connections());
        for (NettyLoop loop : loops.loops()) {
            homes.put(loop, new ServerLoop(loop, limits, loops.count()));
        }
    }

    /**
     * Listens, and serves from now on.
     *
     * @return the address with the real port, also if any free one was asked for
     * @throws IOException saying in a sentence which listener cannot be opened, and why
     */
    public InetSocketAddress open(NetworkListener listener) throws IOException {
        Check.invariant(!closing, "a closed server opens no listener");
        InetSocketAddress wanted = listener.host().isEmpty()
                ? new InetSocketAddress(listener.port())
                : new InetSocketAddress(listener.host(), listener.port());
        ChannelFuture bound = bootstrap(listener).bind(wanted).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(sentence(listener, bound.cause()), bound.cause());
        }
        doors.add(bound.channel());
        return (InetSocketAddress) bound.channel().localAddress();
    }

    /** Connections that are open now, on all listeners. */
    public int connectionCount() {
        return connections.total();
    }

    /** From now on so many connections are taken. */
    public void limitConnections(ConnectionLimits wanted) {
        connections.limit(wanted);
        for (Channel door : doors) {
            if (door.config().getRecvByteBufAllocator() instanceof ServerChannelRecvByteBufAllocator accepting) {
                accepting.maxMessagesPerRead(acceptedInATurn());
            }
        }
        openOrShutDoors();
    }

    /**
     * Stops listening and takes no more requests. A connection closes when the answers that it is owed are sent, and all do when
     * the time is up. Completes when there is no connection left, on a loop's thread.
     */
    public CompletionStage<Void> close(long graceMs) {
        synchronized (this) {
            if (closing) {
                return closed;
            }
            closing = true;
        }
        doors.forEach(door -> door.close().awaitUninterruptibly());
        for (ServerLoop home : homes.values()) {
            home.loop().execute(() -> List.copyOf(home.connections()).forEach(ServerConnection::drain));
            Loop.Timer limit = home.loop().schedule(() -> closeAll(home), graceMs);
            var unused = closed.whenComplete((nothing, failure) -> limit.cancel());
        }
        completeIfEmpty();
        return closed;
    }

    NetworkLimits limits() {
        return limits;
    }

    Complaints complaints() {
        return complaints;
    }

    private static void closeAll(ServerLoop home) {
        new ArrayList<>(home.connections()).forEach(ServerConnection::closeNow);
    }

    ConnectionCount connections() {
        return connections;
    }

    boolean isClosing() {
        return closing;
    }

    /** A connection has closed and holds nothing any more. */
    void left(InetAddress address) {
        boolean wasFull = !connections.hasRoom();
        connections.leave(address);
        if (wasFull) {
            openOrShutDoors();
        }
        completeIfEmpty();
    }

    /** Has every listener accept or wait, depending on whether there is room for one more connection. */
    void openOrShutDoors() {
        for (Channel door : doors) {
            door.eventLoop().execute(() -> door.config().setAutoRead(connections.hasRoom()));
        }
    }

    private void completeIfEmpty() {
        if (closing && connections.total() == 0) {
            closed.complete(null);
        }
    }

    private ServerBootstrap bootstrap(NetworkListener listener) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops.acceptors(), loops.group())
                .channel(loops.serverChannel())
                .option(ChannelOption.SO_BACKLOG, limits.listenBacklogCount())
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new ServerChannelRecvByteBufAllocator().maxMessagesPerRead(acceptedInATurn()))
                .handler(new Door(this))
                .childOption(ChannelOption.ALLOCATOR, loops.memory())
                // A client that has sent its last request gets the answers that it waits for.
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.MESSAGE_SIZE_ESTIMATOR, FrameWriter.SIZES)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(limits.outboundBytes() / 2, limits.outboundBytes()))
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        admit(listener, channel);
                    }
                });
        if (limits.receiveBufferBytes() > 0) {
            // Set before listening, so that a connection's window can be scaled to it from the start.
            bootstrap.option(ChannelOption.SO_RCVBUF, limits.receiveBufferBytes());
        }
        if (limits.sendBufferBytes() > 0) {
            bootstrap.childOption(ChannelOption.SO_SNDBUF, limits.sendBufferBytes());
        }
        return bootstrap;
    }

    /** Many, since the backlog is short and clients come in crowds; but one by one if a limit has to stop the next. */
    private int acceptedInATurn() {
        return connections.limits().total() == Integer.MAX_VALUE ? ACCEPTED_IN_A_TURN : 1;
    }

    /**
     * Builds a connection's pipeline. Whatever encrypts would come first in it, and then with Netty's own read sizing: the shared
     * read buffer must be empty again when a read has been handled, which a decrypting handler does not promise.
     */
    private void admit(NetworkListener listener, Channel channel) {
        ServerLoop home = Objects.requireNonNull(homes.get(loops.loopOf(channel)));
        ServerConnection connection = new ServerConnection(this, listener, home, channel);
        channel.config().setRecvByteBufAllocator(new ReadSizing(connection));
        channel.pipeline().addLast(connection);
    }

    private static String sentence(NetworkListener listener, @Nullable Throwable cause) {
        String text = cause == null ? "" : String.valueOf(cause.getMessage());
        String why = text;
        if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
            why = "there is no host of that name";
        } else if (text.contains("Address already in use")) {
            why = "the port is in use by another process";
        } else if (text.contains("Permission denied")) {
            why = "this user may not listen on that port";
        } else if (text.contains("Cannot assign requested address")) {
            why = "no network interface of this machine has that address";
        }
        return "Listener " + listener.name() + " cannot be opened on " + listener.host() + ":" + listener.port() + ": "
                + why;
    }
}
