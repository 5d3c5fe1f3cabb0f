package ottla.broker.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Uuid;
import ottla.broker.config.NodeConfig;
import ottla.controller.image.Feature;
import ottla.controller.image.MetadataVersion;
import ottla.log.format.MetaProperties;
import ottla.log.io.LogDirectory;
import ottla.replication.io.QuorumFormat;
import ottla.replication.quorum.VersionedRecord;

/** Prepares the directories of a new node as {@code kafka-storage.sh format} would: for a node that is started without a file. */
public final class Formatting {
    private static final Logger LOG = LoggerFactory.getLogger(Formatting.class);

    private Formatting() {}

    /** Formats what is not formatted yet, for the cluster of what is; a new cluster if nothing is. */
    static void formatIfNeeded(NodeConfig config, List<LogDirectory> directories, RandomGenerator random, long nowMs) {
        List<LogDirectory> fresh = directories.stream()
                .filter(directory -> directory.metaProperties().isEmpty())
                .toList();
        if (fresh.isEmpty()) {
            return;
        }
        String clusterId = directories.stream()
                .flatMap(directory -> directory.metaProperties().stream())
                .map(MetaProperties::clusterId)
                .flatMap(Optional::stream)
                .findFirst()
                .orElseGet(() -> Uuid.randomName(random).toString());
        for (LogDirectory directory : fresh) {
            Uuid id = Uuid.randomName(random);
            QuorumFormat.Plan plan =
                    new QuorumFormat.Plan(clusterId, config.nodeId(), id, features(), Optional.empty());
            QuorumFormat.format(directory.disk(), plan, nowMs);
            directory.formatted();
            LOG.info(
                    "Formatted {} for node {} of the new cluster {}",
                    directory.disk().root(),
                    config.nodeId(),
                    clusterId);
        }
    }

    /** The levels that a new cluster begins with: the metadata version first, then the others by name, those that are on. */
    public static List<VersionedRecord> features() {
        List<VersionedRecord> records = new ArrayList<>();
        MetadataVersion latest = MetadataVersion.LATEST;
        records.add(QuorumFormat.feature(MetadataVersion.FEATURE, latest.level()));
        for (Feature feature : Feature.byName()) {
            boolean separate = feature != Feature.METADATA_VERSION && feature != Feature.KRAFT_VERSION;
            if (separate && feature.bootstrapLevel(latest) > 0) {
                records.add(QuorumFormat.feature(feature.featureName(), feature.bootstrapLevel(latest)));
            }
        }
        return records;
    }
}
