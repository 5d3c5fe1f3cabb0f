package ottla.controller.decide;

import java.util.List;
import java.util.Optional;
import ottla.base.Uuid;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;
import ottla.controller.image.Directories;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;

/** What every decision looks at: the cluster as it is, uncommitted changes included, and the controller's own configuration. */
public record ClusterFacts(ClusterImage image, ControllerSettings settings, ConfigRules rules) {
    static final String MIN_INSYNC_REPLICAS = "min.insync.replicas";
    private static final String UNCLEAN_ELECTION = "unclean.leader.election.enable";

    boolean isActive(int brokerId) {
        return image.broker(brokerId).filter(BrokerRegistration::active).isPresent();
    }

    /** Whether the broker could lead the partition: it is active, and so is the directory of its replica. */
    boolean mayLead(PartitionRegistration partition, int brokerId) {
        return isActive(brokerId) && hasOnlineReplica(partition, brokerId);
    }

    boolean hasOnlineReplica(PartitionRegistration partition, int brokerId) {
        return image.broker(brokerId)
                .filter(broker -> broker.hasOnlineDirectory(partition.directory(brokerId)))
                .isPresent();
    }

    /** Where a new replica on a broker goes: its only directory, or one of its own choice. */
    Uuid defaultDirectory(int brokerId) {
        List<Uuid> directories =
                image.broker(brokerId).map(BrokerRegistration::directories).orElse(List.of());
        if (directories.isEmpty()) {
            return Directories.MIGRATING;
        }
        return directories.size() == 1 ? directories.getFirst() : Directories.UNASSIGNED;
    }

    /** How many must be in sync for a write with acks=all, never more than there are replicas. */
    int minIsr(TopicImage topic) {
        int wanted = topicOrClusterConfig(topic.name(), MIN_INSYNC_REPLICAS)
                .map(Integer::parseInt)
                .orElse(settings.minInsyncReplicas());
        return topic.partition(0)
                .map(first -> Math.min(wanted, first.replicas().size()))
                .orElse(wanted);
    }

    PartitionChange.Election electionFor(String topic) {
        boolean unclean = topicOrClusterConfig(topic, UNCLEAN_ELECTION)
                .map(Boolean::parseBoolean)
                .orElse(settings.uncleanElection() == ControllerSettings.UncleanElection.ALLOWED);
        return unclean ? PartitionChange.Election.UNCLEAN : PartitionChange.Election.ONLINE;
    }

    PartitionChange.Elr elr() {
        return image.elrEnabled() ? PartitionChange.Elr.ENABLED : PartitionChange.Elr.DISABLED;
    }

    private Optional<String> topicOrClusterConfig(String topic, String key) {
        return Optional.ofNullable(image.config(ConfigResource.topic(topic)).get(key))
                .or(() -> Optional.ofNullable(
                        image.config(ConfigResource.broker(settings.nodeId())).get(key)))
                .or(() -> Optional.ofNullable(
                        image.config(ConfigResource.defaultBroker()).get(key)));
    }
}
