package ottla.wire.io;

/** What a client says about its own library in ApiVersions (KIP-511). */
public record ClientSoftware(String name, String version) {
    /** A client that has not said, or is too old to say. */
    public static final ClientSoftware UNKNOWN = new ClientSoftware("unknown", "unknown");
}
