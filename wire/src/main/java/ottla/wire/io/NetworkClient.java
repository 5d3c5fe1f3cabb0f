package ottla.wire.io;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.util.NetUtil;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Connects to other nodes. Has no state of its own; the connections belong to who asked for them. */
public final class NetworkClient {
    private final EventLoops loops;
    private final PeerLimits limits;
    private final Supplier<Loop> places;
    private final Payloads payloads;

    /** Where the record bytes of answers lie. */
    public enum Payloads {
        /** On the heap: they live as long as somebody holds them, and need no release. For those who keep them. */
        COLLECTED,
        /** In the memory that all connections share: whoever gets an answer releases its payloads, soon, on any thread. */
        RELEASED
    }

    /** Makes each connection on another loop. */
    public NetworkClient(EventLoops loops, PeerLimits limits) {
        this(loops, limits, loops::next, Payloads.COLLECTED);
    }

    private NetworkClient(EventLoops loops, PeerLimits limits, Supplier<Loop> places, Payloads payloads) {
        this.loops = loops;
        this.limits = limits;
        this.places = places;
        this.payloads = payloads;
    }

    /** The same for somebody who lives on a loop and wants to have his connections there: no answer has to change threads. */
    public NetworkClient on(Loop loop, Payloads kind) {
        return new NetworkClient(loops, limits, () -> loop, kind);
    }

    /**
     * Connects to the first address of the host that answers. Fails with {@link PeerFailure}; completes on the connection's loop,
     * except when the host is not known.
     */
    public CompletionStage<PeerConnection> connect(String host, int port, String clientId) {
        CompletableFuture<PeerConnection> connected = new CompletableFuture<>();
        Runnable resolve = () -> {
            try {
                List<InetAddress> addresses = List.of(InetAddress.getAllByName(host));
                connect(addresses, 0, host, port, clientId, connected);
            } catch (UnknownHostException e) {
                connected.completeExceptionally(
                        new PeerFailure(PeerFailure.Reason.NOT_CONNECTED, "there is no host " + host, e));
            }
        };
        if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
            resolve.run();
        } else {
            // Name servers may be slow, and the JDK waits for them: not on a loop, nor on the caller's thread.
            Thread.ofPlatform().daemon().name("ottla-resolve").start(resolve);
        }
        return connected;
    }

    private void connect(
            List<InetAddress> addresses,
            int attempt,
            String host,
            int port,
            String clientId,
            CompletableFuture<PeerConnection> connected) {
        NettyLoop loop = (NettyLoop) places.get();
        InetSocketAddress address = new InetSocketAddress(addresses.get(attempt), port);
        Bootstrap bootstrap = new Bootstrap()
                .group(loop.executor())
                .channel(loops.clientChannel())
                .option(ChannelOption.ALLOCATOR, loops.memory())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, limits.connectTimeoutMs())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        ClientConnection connection =
                                new ClientConnection(loop, channel, address, limits, clientId, payloads);
                        channel.config().setRecvByteBufAllocator(new ReadSizing(connection));
                        channel.pipeline().addLast(connection);
                    }
                });
        if (limits.receiveBufferBytes() > 0) {
            bootstrap.option(ChannelOption.SO_RCVBUF, limits.receiveBufferBytes());
        }
        if (limits.sendBufferBytes() > 0) {
            bootstrap.option(ChannelOption.SO_SNDBUF, limits.sendBufferBytes());
        }
        ChannelFuture future = bootstrap.connect(address);
        future.addListener(done -> {
            if (done.isSuccess()) {
                connected.complete(future.channel().pipeline().get(ClientConnection.class));
            } else if (attempt + 1 < addresses.size()) {
                connect(addresses, attempt + 1, host, port, clientId, connected);
            } else {
                String message = "no connection to " + host + ":" + port + ": "
                        + done.cause().getMessage();
                connected.completeExceptionally(new PeerFailure(reason(done.cause()), message, done.cause()));
            }
        });
    }

    /** Netty's exception for a connection that was not made in time is one of those of the JDK for a refused one. */
    private static PeerFailure.Reason reason(Throwable cause) {
        return cause instanceof ConnectException && !(cause instanceof ConnectTimeoutException)
                ? PeerFailure.Reason.REFUSED
                : PeerFailure.Reason.NOT_CONNECTED;
    }
}
