package ottla.coordinator.io;

import java.util.Optional;
import ottla.base.Uuid;

/** What the group coordinator needs to know of the cluster's topics, as of now. Called from any thread; must not block. */
public interface TopicFacts {
    /** The id of a topic, {@link Uuid#ZERO} if there is none of this name. */
    Uuid topicId(String name);

    /** The name of a topic, empty if there is none of this id. */
    Optional<String> topicName(Uuid topicId);

    /** How many partitions a topic has, 0 if there is none of this name. */
    int partitionCount(String name);
}
