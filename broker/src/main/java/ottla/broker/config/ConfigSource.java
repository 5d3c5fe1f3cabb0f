package ottla.broker.config;

/** Where a value comes from, with the number of DescribeConfigs (KIP-226). */
public enum ConfigSource {
    TOPIC(1),
    BROKER(2),
    ALL_BROKERS(3),
    FILE(4),
    STANDARD(5),
    CLIENT_METRICS(7),
    GROUP(8);

    private final byte id;

    ConfigSource(int id) {
        this.id = (byte) id;
    }

    public byte id() {
        return id;
    }
}
