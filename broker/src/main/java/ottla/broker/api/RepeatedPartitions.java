package ottla.broker.api;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import ottla.base.Uuid;
import ottla.wire.message.ProduceRequest.PartitionProduceData;
import ottla.wire.message.ProduceRequest.TopicProduceData;

/**
 * A Produce that names a partition twice writes, as in Kafka, only what it said last. Hardly any request does, and most have one
 * partition, so what is not repeated is passed on as it is.
 */
final class RepeatedPartitions {
    private RepeatedPartitions() {}

    static List<TopicProduceData> merged(List<TopicProduceData> topics) {
        return isRepeated(topics) ? merge(topics) : topics;
    }

    private static boolean isRepeated(List<TopicProduceData> topics) {
        if (topics.size() == 1 && topics.getFirst().partitionData().size() == 1) {
            return false;
        }
        Set<Topic> seen = new HashSet<>();
        Set<Integer> partitions = new HashSet<>();
        for (TopicProduceData topic : topics) {
            if (!seen.add(new Topic(topic.name(), topic.topicId()))) {
                return true;
            }
            partitions.clear();
            for (PartitionProduceData partition : topic.partitionData()) {
                if (!partitions.add(partition.index())) {
                    return true;
                }
            }
        }
        return false;
    }

    private static List<TopicProduceData> merge(List<TopicProduceData> topics) {
        Map<Topic, Map<Integer, PartitionProduceData>> byTopic = new LinkedHashMap<>();
        for (TopicProduceData topic : topics) {
            Map<Integer, PartitionProduceData> partitions =
                    byTopic.computeIfAbsent(new Topic(topic.name(), topic.topicId()), name -> new LinkedHashMap<>());
            topic.partitionData().forEach(partition -> partitions.put(partition.index(), partition));
        }
        List<TopicProduceData> merged = new ArrayList<>();
        byTopic.forEach((topic, partitions) ->
                merged.add(new TopicProduceData(topic.name, topic.id, List.copyOf(partitions.values()))));
        return merged;
    }

    private record Topic(String name, Uuid id) {}
}
