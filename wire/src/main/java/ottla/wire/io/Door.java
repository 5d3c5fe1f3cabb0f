package ottla.wire.io;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Stands where a listener's new connections come in: counts them, turns away those of an address that has too many, and has
 * the listener wait when all have too many together. Owned by the listener's loop.
 */
final class Door extends ChannelInboundHandlerAdapter {
    private final NetworkServer server;

    Door(NetworkServer server) {
        this.server = server;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object accepted) {
        Channel connection = (Channel) accepted;
        if (!(connection.remoteAddress() instanceof InetSocketAddress remote)) {
            // Gone before it was looked at.
            connection.unsafe().closeForcibly();
            return;
        }
        InetAddress address = remote.getAddress();
        if (!server.connections().enter(address)) {
            server.complaints()
                    .warn(
                            "Refusing a connection of {}: it has {} already, as many as max.connections.per.ip allows",
                            address,
                            server.connections().limits().of(address));
            connection.unsafe().closeForcibly();
            return;
        }
        if (!server.connections().hasRoom()) {
            server.openOrShutDoors();
        }
        ctx.fireChannelRead(connection);
    }
}
