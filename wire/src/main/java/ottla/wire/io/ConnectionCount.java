package ottla.wire.io;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;

/** How many connections a server has, in all and from each address. May be used by any thread. */
final class ConnectionCount {
    private final Map<InetAddress, Integer> byAddress = new HashMap<>();
    private ConnectionLimits limits;
    private int total;

    ConnectionCount(ConnectionLimits limits) {
        this.limits = limits;
    }

    synchronized ConnectionLimits limits() {
        return limits;
    }

    synchronized void limit(ConnectionLimits wanted) {
        limits = wanted;
    }

    /** Counts a new connection, unless its address has as many as it may. */
    synchronized boolean enter(InetAddress address) {
        int present = byAddress.getOrDefault(address, 0);
        if (present >= limits.of(address)) {
            return false;
        }
        byAddress.put(address, present + 1);
        total++;
        return true;
    }

    synchronized void leave(InetAddress address) {
        byAddress.computeIfPresent(address, (same, present) -> present == 1 ? null : present - 1);
        total--;
    }

    synchronized int total() {
        return total;
    }

    /** Whether one more may come. */
    synchronized boolean hasRoom() {
        return total < limits.total();
    }
}
