package ottla.coordinator.group;

/** Who sent a request: the client id of its header, empty if it has none, and its address as Kafka writes it down, {@code /127.0.0.1}. */
public record GroupCaller(String clientId, String clientHost) {}
