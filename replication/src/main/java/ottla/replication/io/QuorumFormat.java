package ottla.replication.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import ottla.base.Uuid;
import ottla.log.format.MetaProperties;
import ottla.log.io.Disk;
import ottla.log.io.SmallFiles;
import ottla.replication.quorum.ControlRecord;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.VersionedRecord;
import ottla.replication.quorum.VoterSet;
import ottla.wire.message.metadata.FeatureLevelRecord;
import ottla.wire.message.metadata.MetadataRecord;

/**
 * Makes a log directory one of a cluster and a node, byte for byte as {@code kafka-storage.sh format} does: the records with which
 * a new cluster begins in {@code bootstrap.checkpoint}, the first voters of a dynamic quorum in the metadata log's first snapshot,
 * and last {@code meta.properties}, whose presence says that the rest is there. Without state; used by one thread, before anybody
 * else uses the directory.
 */
public final class QuorumFormat {
    public static final String BOOTSTRAP = "bootstrap.checkpoint";

    private QuorumFormat() {}

    /**
     * What a directory becomes.
     *
     * @param bootstrap the records with which the cluster begins: its features, and more if {@code format} was asked for it
     * @param initialVoters the voters of a dynamic quorum (KIP-853), if this directory takes the metadata log; none for a quorum
     *     whose voters are configured
     */
    public record Plan(
            String clusterId,
            int nodeId,
            Uuid directoryId,
            List<VersionedRecord> bootstrap,
            Optional<VoterSet> initialVoters) {
        public Plan {
            bootstrap = List.copyOf(bootstrap);
        }
    }

    /** A feature's level as a bootstrap record. */
    public static VersionedRecord feature(String name, int level) {
        return new VersionedRecord(FeatureLevelRecord.DEFAULT.withName(name).withFeatureLevel((short) level), 0);
    }

    /** Formats a directory that is not formatted yet. */
    public static void format(Disk disk, Plan plan, long nowMs) {
        disk.createDirectory("");
        write(disk, BOOTSTRAP, 0, List.of(), plan.bootstrap(), nowMs);
        if (plan.initialVoters().isPresent()) {
            String directory = QuorumLog.PARTITION.toString();
            disk.createDirectory(directory);
            List<ControlRecord> voters = List.of(
                    new ControlRecord.KRaftVersion(1),
                    new ControlRecord.Voters(plan.initialVoters().get()));
            write(disk, directory + "/" + SnapshotId.BOOTSTRAP.fileName(), nowMs, voters, List.of(), nowMs);
        }
        MetaProperties properties = new MetaProperties(
                Optional.of(plan.clusterId()), OptionalInt.of(plan.nodeId()), Optional.of(plan.directoryId()));
        SmallFiles.replace(disk, MetaProperties.FILE, properties.text(), SmallFiles.Durability.SYNCED);
    }

    private static void write(
            Disk disk,
            String path,
            long lastContainedTimeMs,
            List<ControlRecord> voters,
            List<VersionedRecord> records,
            long nowMs) {
        try (SnapshotWriter writer = new SnapshotWriter(disk, path, SnapshotId.BOOTSTRAP.epoch(), nowMs)) {
            writer.header(lastContainedTimeMs, voters);
            writer.append(records);
            writer.finish();
        }
    }

    /** The records with which the cluster begins, if the directory was formatted with any. */
    public static Optional<List<MetadataRecord>> bootstrapRecords(Disk disk) {
        if (!disk.exists(BOOTSTRAP)) {
            return Optional.empty();
        }
        List<MetadataRecord> records = new ArrayList<>();
        new SnapshotReader(disk, BOOTSTRAP).forEachBatch(records::addAll);
        return Optional.of(List.copyOf(records));
    }
}
