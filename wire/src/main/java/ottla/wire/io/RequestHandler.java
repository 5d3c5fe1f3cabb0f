package ottla.wire.io;

/** Serves requests. */
@FunctionalInterface
public interface RequestHandler {
    /**
     * Takes a request on its connection's own loop, in order of arrival, and answers it there or later from any thread. The next
     * request of the same connection may come before this one is answered, unless this one is a fetch.
     *
     * <p>What this throws closes the connection: {@link ottla.wire.primitive.MalformedMessage} with a warning as the client's fault,
     * anything else with an error as ours.
     */
    void handle(InboundRequest request);
}
