package ottla.wire.io;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/**
 * What a server has on one loop: its connections there, the search for idle ones, and the memory that their large frames may
 * take. Owned by the loop.
 */
final class ServerLoop {
    /** The search goes over all connections, so that a request costs nothing for it; it is late by at most this. */
    private static final long SEARCH_MAX_MS = 15_000;

    private static final int SEARCHES_PER_IDLE_TIME = 8;

    private final NettyLoop loop;
    private final NetworkLimits limits;
    private final long largeFramesMaxBytes;
    private final List<ServerConnection> connections = new ArrayList<>();
    private final Queue<ServerConnection> waiting = new ArrayDeque<>();
    private long largeFramesBytes;
    private boolean searching;

    ServerLoop(NettyLoop loop, NetworkLimits limits, int loopCount) {
        this.loop = loop;
        this.limits = limits;
        // Memory outside the heap has the heap's limit, unless it is given one, and frames may take half of it.
        long memoryBytes = Runtime.getRuntime().maxMemory() / 2;
        largeFramesMaxBytes = Math.min(limits.totalInFlightBytes(), memoryBytes) / loopCount;
    }

    NettyLoop loop() {
        return loop;
    }

    List<ServerConnection> connections() {
        return connections;
    }

    void add(ServerConnection connection) {
        connection.index = connections.size();
        connections.add(connection);
        if (!searching) {
            searching = true;
            scheduleSearch();
        }
    }

    void remove(ServerConnection connection) {
        ServerConnection moved = connections.removeLast();
        if (connection.index < connections.size()) {
            connections.set(connection.index, moved);
            moved.index = connection.index;
        }
    }

    /**
     * Sets aside memory for a large frame. False if too much is in use; the connection is then told when there is some again, in
     * the order of asking. One frame is always admitted, whatever its size.
     */
    boolean reserve(int sizeBytes, ServerConnection asking) {
        if (largeFramesBytes > 0 && largeFramesBytes + sizeBytes > largeFramesMaxBytes) {
            waiting.add(asking);
            return false;
        }
        largeFramesBytes += sizeBytes;
        return true;
    }

    /** Gives memory for a large frame back. All who wait may try again: one alone might be gone before it does. */
    void unreserve(int sizeBytes) {
        largeFramesBytes -= sizeBytes;
        for (int i = waiting.size(); i > 0; i--) {
            waiting.remove().memoryIsFree();
        }
    }

    private void scheduleSearch() {
        long periodMs = Math.max(1, limits.connectionsMaxIdleMs() / SEARCHES_PER_IDLE_TIME);
        loop.schedule(this::closeIdle, Math.min(periodMs, SEARCH_MAX_MS));
    }

    private void closeIdle() {
        if (connections.isEmpty()) {
            searching = false;
            return;
        }
        long idleNs = TimeUnit.MILLISECONDS.toNanos(limits.connectionsMaxIdleMs());
        long nowNs = System.nanoTime();
        for (ServerConnection connection : List.copyOf(connections)) {
            connection.closeIfIdle(nowNs, idleNs);
        }
        scheduleSearch();
    }
}
