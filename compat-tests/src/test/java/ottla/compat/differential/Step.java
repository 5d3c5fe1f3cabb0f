package ottla.compat.differential;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.kafka.common.protocol.ApiKeys;

/** One request of a sequence, still with the names that each side replaces by its own values. */
record Step(ApiKeys api, int version, Listener listener, ObjectNode request) {
    enum Listener {
        BROKER,
        CONTROLLER
    }

    @Override
    public String toString() {
        return api.name + " v" + version + (listener == Listener.CONTROLLER ? " (controller) " : " ") + request;
    }
}
