package ottla.controller.decide;

import java.util.ArrayList;
import java.util.List;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ConfigResource;
import ottla.controller.image.Feature;
import ottla.controller.image.MetadataVersion;
import ottla.wire.message.metadata.BeginTransactionRecord;
import ottla.wire.message.metadata.ConfigRecord;
import ottla.wire.message.metadata.EndTransactionRecord;
import ottla.wire.message.metadata.FeatureLevelRecord;
import ottla.wire.message.metadata.MetadataRecord;

/** What a controller writes first when it becomes active. */
public final class Activation {
    private Activation() {}

    /** The bootstrap records of a new cluster of this metadata version, if none were prepared by formatting. */
    public static List<MetadataRecord> bootstrap(MetadataVersion version) {
        List<MetadataRecord> records = new ArrayList<>();
        records.add(new FeatureLevelRecord(MetadataVersion.FEATURE, version.level()));
        for (Feature feature : Feature.byName()) {
            short level = feature.bootstrapLevel(version);
            if (feature != Feature.METADATA_VERSION && level > 0) {
                records.add(new FeatureLevelRecord(feature.featureName(), level));
            }
        }
        return records;
    }

    /**
     * The first records of an empty log: those of the formatting, inside a transaction where the metadata version has them, so
     * that nobody sees half a cluster (KIP-868).
     */
    public static List<MetadataRecord> firstRecords(List<MetadataRecord> bootstrap, ControllerSettings settings) {
        List<MetadataRecord> records = new ArrayList<>();
        boolean inTransaction = metadataVersion(bootstrap).hasTransactions();
        if (inTransaction) {
            records.add(new BeginTransactionRecord("Bootstrap records"));
        }
        records.addAll(bootstrap);
        if (level(bootstrap, ClusterImage.ELR_FEATURE) > 0) {
            records.addAll(elrSafety(ClusterImage.EMPTY, settings));
        }
        if (inTransaction) {
            records.add(new EndTransactionRecord());
        }
        return records;
    }

    /**
     * With eligible leader replicas every node must use the same minimum of in-sync replicas: it becomes a fact of the cluster,
     * and what single brokers say of it goes.
     */
    static List<MetadataRecord> elrSafety(ClusterImage image, ControllerSettings settings) {
        List<MetadataRecord> records = new ArrayList<>();
        String key = ClusterFacts.MIN_INSYNC_REPLICAS;
        if (!image.config(ConfigResource.defaultBroker()).containsKey(key)) {
            String value = Integer.toString(settings.minInsyncReplicas());
            records.add(new ConfigRecord(ConfigResource.Type.BROKER.id(), "", key, value));
        }
        image.configs().forEach((resource, entries) -> {
            boolean ofOneBroker = resource.type() == ConfigResource.Type.BROKER && !resource.isDefaultBroker();
            if (ofOneBroker && entries.containsKey(key)) {
                records.add(new ConfigRecord(resource.type().id(), resource.name(), key, null));
            }
        });
        return records;
    }

    /** The metadata version that bootstrap records set. */
    public static MetadataVersion metadataVersion(List<MetadataRecord> bootstrap) {
        short level = level(bootstrap, MetadataVersion.FEATURE);
        return level == 0 ? MetadataVersion.MINIMUM : new MetadataVersion(level);
    }

    private static short level(List<MetadataRecord> records, String feature) {
        short level = 0;
        for (MetadataRecord record : records) {
            if (record instanceof FeatureLevelRecord found && found.name().equals(feature)) {
                level = found.featureLevel();
            }
        }
        return level;
    }
}
