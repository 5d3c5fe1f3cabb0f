package ottla.controller.image;

import java.util.Optional;
import ottla.base.Uuid;

/** One topic. */
public record TopicImage(String name, Uuid id, PartitionTable partitions) {
    public Optional<PartitionRegistration> partition(int partition) {
        return partitions.find(partition);
    }

    public int partitionCount() {
        return partitions.size();
    }
}
