package ottla.broker.io;

import java.util.Optional;
import ottla.base.Uuid;
import ottla.broker.api.ClusterView;
import ottla.controller.image.TopicImage;
import ottla.coordinator.io.TopicFacts;

/** What the group coordinator wants to know of topics, read from this broker's image. */
record ImageTopics(ClusterView cluster) implements TopicFacts {
    @Override
    public Uuid topicId(String name) {
        return cluster.image().topic(name).map(TopicImage::id).orElse(Uuid.ZERO);
    }

    @Override
    public Optional<String> topicName(Uuid topicId) {
        return cluster.image().topic(topicId).map(TopicImage::name);
    }

    @Override
    public int partitionCount(String name) {
        return cluster.image().topic(name).map(TopicImage::partitionCount).orElse(0);
    }
}
