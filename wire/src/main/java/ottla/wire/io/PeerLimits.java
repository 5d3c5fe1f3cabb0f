package ottla.wire.io;

import ottla.base.Check;

/**
 * What a client of other nodes waits for and takes.
 *
 * @param connectTimeoutMs for each address of the host
 * @param requestTimeoutMs from sending to the whole answer; after it the connection is closed, since its answers are in order
 * @param inFlightRequests requests sent and not answered, on one connection
 * @param responseMaxBytes the largest answer that is taken
 * @param sendBufferBytes the socket's buffer, -1 for the system's default
 * @param receiveBufferBytes the socket's buffer, -1 for the system's default
 */
public record PeerLimits(
        int connectTimeoutMs,
        long requestTimeoutMs,
        int inFlightRequests,
        int responseMaxBytes,
        int sendBufferBytes,
        int receiveBufferBytes) {
    /** Kafka's timeouts between nodes. A snapshot or a fetch of an oversized batch is the largest answer there is. */
    public static final PeerLimits DEFAULT = new PeerLimits(10_000, 30_000, 100, 256 * 1024 * 1024, -1, -1);

    public PeerLimits {
        Check.invariant(connectTimeoutMs > 0, "connectTimeoutMs is positive", connectTimeoutMs, 1);
        Check.invariant(requestTimeoutMs > 0, "requestTimeoutMs is positive", requestTimeoutMs, 1);
        Check.invariant(inFlightRequests > 0, "inFlightRequests is positive", inFlightRequests, 1);
        Check.invariant(responseMaxBytes > 0, "responseMaxBytes is positive", responseMaxBytes, 1);
    }

    public PeerLimits withConnectTimeoutMs(int connectTimeoutMs) {
        return new PeerLimits(
                connectTimeoutMs,
                requestTimeoutMs,
                inFlightRequests,
                responseMaxBytes,
                sendBufferBytes,
                receiveBufferBytes);
    }

    public PeerLimits withRequestTimeoutMs(long requestTimeoutMs) {
        return new PeerLimits(
                connectTimeoutMs,
                requestTimeoutMs,
                inFlightRequests,
                responseMaxBytes,
                sendBufferBytes,
                receiveBufferBytes);
    }

    public PeerLimits withInFlightRequests(int inFlightRequests) {
        return new PeerLimits(
                connectTimeoutMs,
                requestTimeoutMs,
                inFlightRequests,
                responseMaxBytes,
                sendBufferBytes,
                receiveBufferBytes);
    }

    public PeerLimits withResponseMaxBytes(int responseMaxBytes) {
        return new PeerLimits(
                connectTimeoutMs,
                requestTimeoutMs,
                inFlightRequests,
                responseMaxBytes,
                sendBufferBytes,
                receiveBufferBytes);
    }
}
