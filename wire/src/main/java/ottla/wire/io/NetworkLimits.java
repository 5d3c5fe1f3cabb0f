package ottla.wire.io;

import ottla.base.Check;

/**
 * What a server grants its clients. The first group has Kafka's configuration keys and defaults; the second is ours.
 *
 * @param requestMaxBytes {@code socket.request.max.bytes}
 * @param connectionsMaxIdleMs {@code connections.max.idle.ms}
 * @param connections how many connections there may be at first
 * @param sendBufferBytes {@code socket.send.buffer.bytes}, -1 for the system's default
 * @param receiveBufferBytes {@code socket.receive.buffer.bytes}, -1 for the system's default
 * @param listenBacklogCount {@code socket.listen.backlog.size}
 * @param inFlightRequests unanswered requests of one connection; above it the connection is no longer read
 * @param inFlightBytes bytes of unanswered requests of one connection; a connection that has reached them is no longer read
 * @param totalInFlightBytes bytes of unanswered large requests of all connections ({@code queued.max.request.bytes}); divided
 *     among the loops
 * @param outboundBytes bytes of answers that the client has not taken; above them the connection is no longer read
 */
public record NetworkLimits(
        int requestMaxBytes,
        long connectionsMaxIdleMs,
        ConnectionLimits connections,
        int sendBufferBytes,
        int receiveBufferBytes,
        int listenBacklogCount,
        int inFlightRequests,
        int inFlightBytes,
        long totalInFlightBytes,
        int outboundBytes) {
    /** Kafka's defaults. */
    public static final NetworkLimits DEFAULT = new NetworkLimits(
            100 * 1024 * 1024,
            600_000,
            ConnectionLimits.NONE,
            100 * 1024,
            100 * 1024,
            50,
            // Kafka handles one at a time; clients that pipeline keep 5 (Java) up to some thousand (librdkafka) on
            // their way,
            // and what is not read waits in the socket at no cost to us.
            128,
            // Eight produce requests of the largest default size.
            8 * 1024 * 1024,
            // Above a quarter of a gigabyte of unanswered requests something behind us is stuck, and reading more
            // cannot help.
            256L * 1024 * 1024,
            // Answers that a client takes at 1 GB/s are gone in a millisecond.
            1024 * 1024);

    public NetworkLimits {
        Check.invariant(requestMaxBytes > 0, "requestMaxBytes is positive", requestMaxBytes, 1);
        Check.invariant(connectionsMaxIdleMs > 0, "connectionsMaxIdleMs is positive", connectionsMaxIdleMs, 1);
        Check.invariant(inFlightRequests > 0, "inFlightRequests is positive", inFlightRequests, 1);
        Check.invariant(inFlightBytes > 0, "inFlightBytes is positive", inFlightBytes, 1);
        Check.invariant(totalInFlightBytes > 0, "totalInFlightBytes is positive", totalInFlightBytes, 1);
        Check.invariant(outboundBytes > 0, "outboundBytes is positive", outboundBytes, 1);
    }

    public NetworkLimits withRequestMaxBytes(int requestMaxBytes) {
        return new NetworkLimits(
                requestMaxBytes,
                connectionsMaxIdleMs,
                connections,
                sendBufferBytes,
                receiveBufferBytes,
                listenBacklogCount,
                inFlightRequests,
                inFlightBytes,
                totalInFlightBytes,
                outboundBytes);
    }

    public NetworkLimits withConnectionsMaxIdleMs(long connectionsMaxIdleMs) {
        return new NetworkLimits(
                requestMaxBytes,
                connectionsMaxIdleMs,
                connections,
                sendBufferBytes,
                receiveBufferBytes,
                listenBacklogCount,
                inFlightRequests,
                inFlightBytes,
                totalInFlightBytes,
                outboundBytes);
    }

    public NetworkLimits withConnections(ConnectionLimits connections) {
        return new NetworkLimits(
                requestMaxBytes,
                connectionsMaxIdleMs,
                connections,
                sendBufferBytes,
                receiveBufferBytes,
                listenBacklogCount,
                inFlightRequests,
                inFlightBytes,
                totalInFlightBytes,
                outboundBytes);
    }

    public NetworkLimits withListenBacklogCount(int listenBacklogCount) {
        return new NetworkLimits(
                requestMaxBytes,
                connectionsMaxIdleMs,
                connections,
                sendBufferBytes,
                receiveBufferBytes,
                listenBacklogCount,
                inFlightRequests,
                inFlightBytes,
                totalInFlightBytes,
                outboundBytes);
    }

    public NetworkLimits withInFlightRequests(int inFlightRequests) {
        return new NetworkLimits(
                requestMaxBytes,
                connectionsMaxIdleMs,
                connections,
                sendBufferBytes,
                receiveBufferBytes,
                listenBacklogCount,
                inFlightRequests,
                inFlightBytes,
                totalInFlightBytes,
                outboundBytes);
    }

    public NetworkLimits withInFlightBytes(int inFlightBytes) {
        return new NetworkLimits(
                requestMaxBytes,
                connectionsMaxIdleMs,
                connections,
                sendBufferBytes,
                receiveBufferBytes,
                listenBacklogCount,
                inFlightRequests,
                inFlightBytes,
                totalInFlightBytes,
                outboundBytes);
    }

    public NetworkLimits withTotalInFlightBytes(long totalInFlightBytes) {
        return new NetworkLimits(
                requestMaxBytes,
                connectionsMaxIdleMs,
                connections,
                sendBufferBytes,
                receiveBufferBytes,
                listenBacklogCount,
                inFlightRequests,
                inFlightBytes,
                totalInFlightBytes,
                outboundBytes);
    }

    public NetworkLimits withOutboundBytes(int outboundBytes) {
        return new NetworkLimits(
                requestMaxBytes,
                connectionsMaxIdleMs,
                connections,
                sendBufferBytes,
                receiveBufferBytes,
                listenBacklogCount,
                inFlightRequests,
                inFlightBytes,
                totalInFlightBytes,
                outboundBytes);
    }
}
