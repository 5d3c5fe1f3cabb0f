package ottla.controller.image;

import java.util.Optional;

/** What a dynamic configuration belongs to. The default of all brokers is the broker without a name. */
public record ConfigResource(Type type, String name) {
    public static ConfigResource topic(String name) {
        return new ConfigResource(Type.TOPIC, name);
    }

    public static ConfigResource broker(int id) {
        return new ConfigResource(Type.BROKER, Integer.toString(id));
    }

    public static ConfigResource defaultBroker() {
        return new ConfigResource(Type.BROKER, "");
    }

    public static ConfigResource group(String groupId) {
        return new ConfigResource(Type.GROUP, groupId);
    }

    public boolean isDefaultBroker() {
        return type == Type.BROKER && name.isEmpty();
    }

    @Override
    public String toString() {
        return "ConfigResource(type=" + type + ", name='" + name + "')";
    }

    /** The kinds of resources with Kafka's ids. */
    public enum Type {
        TOPIC(2),
        BROKER(4),
        BROKER_LOGGER(8),
        CLIENT_METRICS(16),
        GROUP(32);

        private final byte id;

        Type(int id) {
            this.id = (byte) id;
        }

        public byte id() {
            return id;
        }

        public static Optional<Type> of(byte id) {
            for (Type type : values()) {
                if (type.id == id) {
                    return Optional.of(type);
                }
            }
            return Optional.empty();
        }
    }
}
