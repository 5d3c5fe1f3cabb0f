package ottla.replication.io;

import ottla.log.LogConfig;
import ottla.replication.quorum.MetadataRetention;
import ottla.replication.quorum.QuorumMembership;
import ottla.replication.quorum.Timeouts;
import ottla.replication.quorum.VoterSet;

/**
 * What a node has to know to take part in the metadata quorum.
 *
 * @param staticVoters {@code controller.quorum.voters}; empty if the voters stand in the log (KIP-853)
 * @param log segment sizes and the like of the metadata log, {@code metadata.log.*}
 */
public record QuorumSettings(
        String clusterId,
        QuorumMembership membership,
        VoterSet staticVoters,
        Timeouts timeouts,
        LogConfig log,
        MetadataRetention retention) {}
