package ottla.broker.api;

import java.util.Set;

/** Creates topics that somebody asked for without creating them first: by clients where the configuration allows, and internal ones. */
public interface TopicCreation {
    /** Begins to create those of the topics that may be created so. The caller answers that they do not exist yet. */
    void createOnDemand(Set<String> names);

    /** Begins to create an internal topic. */
    void createInternal(String name);
}
