package ottla.replication.quorum;

/** Where a listener can be reached. */
public record Endpoint(String host, int port) {
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
