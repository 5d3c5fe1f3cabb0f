package ottla.wire.io;

import java.net.InetAddress;
import java.util.Map;

/**
 * How many connections a server takes. May be changed while it runs: connections that are open stay so.
 *
 * @param total {@code max.connections}, all listeners together; above it nothing is accepted until one closes
 * @param perIp {@code max.connections.per.ip}; above it a new connection is closed at once
 * @param perIpOverrides {@code max.connections.per.ip.overrides}
 */
public record ConnectionLimits(int total, int perIp, Map<InetAddress, Integer> perIpOverrides) {
    /** Kafka's default. */
    public static final ConnectionLimits NONE = new ConnectionLimits(Integer.MAX_VALUE, Integer.MAX_VALUE, Map.of());

    public ConnectionLimits {
        perIpOverrides = Map.copyOf(perIpOverrides);
    }

    int of(InetAddress address) {
        return perIpOverrides.getOrDefault(address, perIp);
    }
}
