package ottla.controller.image;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import ottla.base.Uuid;

/**
 * All topics, by id and by name.
 *
 * @param lookAlikes the names that metrics cannot tell apart, since there '.' becomes '_': by the common form, only for names
 *     that have one of the two
 */
public record TopicsImage(
        PersistentMap<Uuid, TopicImage> byId,
        PersistentMap<String, Uuid> idsByName,
        PersistentMap<String, List<String>> lookAlikes) {
    static final TopicsImage EMPTY =
            new TopicsImage(PersistentMap.empty(), PersistentMap.empty(), PersistentMap.empty());

    public Optional<TopicImage> topic(Uuid id) {
        return byId.find(id);
    }

    public Optional<TopicImage> topic(String name) {
        return idsByName.find(name).flatMap(byId::find);
    }

    public Collection<TopicImage> all() {
        return byId.values();
    }

    public int size() {
        return byId.size();
    }

    public Optional<PartitionRegistration> partition(Uuid topicId, int partition) {
        return topic(topicId).flatMap(topic -> topic.partition(partition));
    }

    public Optional<PartitionRegistration> partition(String topic, int partition) {
        return topic(topic).flatMap(found -> found.partition(partition));
    }

    /** A topic other than this whose name differs only in '.' and '_'. */
    public Optional<String> lookAlike(String name) {
        return lookAlikes
                .find(commonForm(name))
                .flatMap(names ->
                        names.stream().filter(other -> !other.equals(name)).findFirst());
    }

    /** This with the topic as it is now, whether known or new. */
    TopicsImage with(TopicImage topic) {
        TopicImage known = byId.get(topic.id());
        if (known != null && known.name().equals(topic.name())) {
            return new TopicsImage(byId.with(topic.id(), topic), idsByName, lookAlikes);
        }
        return new TopicsImage(
                byId.with(topic.id(), topic), idsByName.with(topic.name(), topic.id()), alikeWith(topic.name()));
    }

    TopicsImage without(Uuid topicId) {
        TopicImage topic = byId.get(topicId);
        if (topic == null) {
            return this;
        }
        boolean named = topicId.equals(idsByName.get(topic.name()));
        return new TopicsImage(
                byId.without(topicId),
                named ? idsByName.without(topic.name()) : idsByName,
                named ? alikeWithout(topic.name()) : lookAlikes);
    }

    private PersistentMap<String, List<String>> alikeWith(String name) {
        if (name.indexOf('.') < 0 && name.indexOf('_') < 0) {
            return lookAlikes;
        }
        List<String> others = lookAlikes.getOrDefault(commonForm(name), List.of());
        return others.contains(name)
                ? lookAlikes
                : lookAlikes.with(
                        commonForm(name),
                        Stream.concat(others.stream(), Stream.of(name)).toList());
    }

    private PersistentMap<String, List<String>> alikeWithout(String name) {
        List<String> rest = lookAlikes.getOrDefault(commonForm(name), List.of()).stream()
                .filter(other -> !other.equals(name))
                .toList();
        return rest.isEmpty() ? lookAlikes.without(commonForm(name)) : lookAlikes.with(commonForm(name), rest);
    }

    private static String commonForm(String name) {
        return name.replace('.', '_');
    }
}
