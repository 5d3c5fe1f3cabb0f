package ottla.compat.bridge;

import org.apache.kafka.common.network.ListenerName;

/** Where a node listens. */
@SuppressWarnings("unused")
final class OutsidePorts {
    private final OutsideNode node;
    private final NodeSettings settings;

    OutsidePorts(OutsideNode node, NodeSettings settings) {
        this.node = node;
        this.settings = settings;
    }

    int boundPort(ListenerName listener) {
        return settings.port(node.id(), listener.value());
    }
}
