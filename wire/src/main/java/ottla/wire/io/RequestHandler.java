package ottla.wire.io;

/** Serves requests. */
@FunctionalInterface
public interface RequestHandler {
    /**
     * Takes a request on its connection's own loop, in order of arrival, and answers it there or later from any thread. The next
     * request of the same connection comes after this one was answered, as in Kafka; but a produce request may come while others wait.
     *
     * <p>What this throws closes the connection: {@link ottla.wire.primitive.MalformedMessage} with a warning as the client's fault,
     * anything else with an error as ours.
     */
    void handle(InboundRequest request);
}
