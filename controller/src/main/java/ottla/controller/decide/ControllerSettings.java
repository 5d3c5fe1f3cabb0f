package ottla.controller.decide;

import java.util.OptionalInt;
import ottla.controller.image.FeatureLevels;
import ottla.controller.quota.QuotaWindow;

/**
 * The configuration that decisions depend on, by the keys {@code num.partitions}, {@code default.replication.factor},
 * {@code broker.session.timeout.ms}, {@code min.insync.replicas}, {@code delete.topic.enable},
 * {@code unclean.leader.election.enable}, {@code controller.quota.window.num}, {@code controller.quota.window.size.seconds} and
 * {@code unstable.feature.versions.enable}.
 *
 * @param brokerInProcess the broker that runs in this very process, if one does. A registration of it from before this process
 *     can have no living owner, so a node that was killed and restarted need not wait for its own session to end
 */
public record ControllerSettings(
        String clusterId,
        int nodeId,
        OptionalInt brokerInProcess,
        int defaultPartitionCount,
        int defaultReplicationFactor,
        int minInsyncReplicas,
        long sessionTimeoutMs,
        TopicDeletion topicDeletion,
        UncleanElection uncleanElection,
        QuotaWindow mutationWindow,
        FeatureLevels featureLevels) {
    public static ControllerSettings of(String clusterId, int nodeId) {
        return new ControllerSettings(
                clusterId,
                nodeId,
                OptionalInt.empty(),
                1,
                1,
                1,
                9000,
                TopicDeletion.ALLOWED,
                UncleanElection.FORBIDDEN,
                QuotaWindow.DEFAULT,
                FeatureLevels.STABLE);
    }

    public enum TopicDeletion {
        ALLOWED,
        DISABLED
    }

    /** Whether a replica that may miss records can be elected when no other is left. */
    public enum UncleanElection {
        ALLOWED,
        FORBIDDEN
    }
}
