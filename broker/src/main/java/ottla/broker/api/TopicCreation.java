package ottla.broker.api;

import java.util.Set;
import ottla.wire.io.InboundRequest;

/** Creates topics that somebody asked for without creating them first: by clients where the configuration allows, and internal ones. */
public interface TopicCreation {
    /**
     * Begins to create those of the topics that may be created so, as if the client had asked for that: it counts against his
     * quotas. The caller answers that they do not exist yet.
     */
    void createOnDemand(Set<String> names, InboundRequest from);

    /** Begins to create an internal topic, in this node's own name. */
    void createInternal(String name);
}
