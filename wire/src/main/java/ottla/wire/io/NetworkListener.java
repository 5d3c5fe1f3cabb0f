package ottla.wire.io;

/**
 * Where clients connect, and what they find there.
 *
 * @param name Kafka's listener name, as in {@code listeners}
 * @param host the name or address to bind to; empty for every interface
 * @param port 0 for any free port
 */
public record NetworkListener(String name, String host, int port, ServedApis served, RequestHandler handler) {}
