package ottla.controller.image;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import ottla.wire.message.metadata.BrokerRegistrationChangeRecord;
import ottla.wire.message.metadata.ClientQuotaRecord;
import ottla.wire.message.metadata.ClientQuotaRecord.EntityData;
import ottla.wire.message.metadata.ConfigRecord;
import ottla.wire.message.metadata.FeatureLevelRecord;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.PartitionChangeRecord;
import ottla.wire.message.metadata.PartitionRecord;
import ottla.wire.message.metadata.ProducerIdsRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord;
import ottla.wire.message.metadata.TopicRecord;

/** The image as the records of a snapshot, and the version in which each record may be written. */
public final class ImageRecords {
    /** Who was given a block of producer ids is history, of which a snapshot has none. */
    private static final int NO_BROKER = -1;

    private ImageRecords() {}

    static List<MetadataRecord> of(ClusterImage image) {
        List<MetadataRecord> records = new ArrayList<>();
        features(image, records);
        new TreeMap<>(image.brokers()).values().forEach(broker -> records.add(broker.record()));
        if (image.metadataVersion().hasControllerRegistration()) {
            records.addAll(new TreeMap<>(image.controllers()).values());
        }
        topics(image, records);
        image.configs()
                .forEach((resource, entries) -> entries.forEach((key, value) ->
                        records.add(new ConfigRecord(resource.type().id(), resource.name(), key, value))));
        quotas(image, records);
        if (image.nextProducerId() > 0) {
            records.add(ProducerIdsRecord.DEFAULT
                    .withBrokerId(NO_BROKER)
                    .withBrokerEpoch(NO_BROKER)
                    .withNextProducerId(image.nextProducerId()));
        }
        records.addAll(image.acls().values());
        if (image.metadataVersion().isAtLeast(MetadataVersion.V3_5_IV2)) {
            records.addAll(image.scram().values());
        }
        if (image.metadataVersion().isAtLeast(MetadataVersion.V3_6_IV2)) {
            records.addAll(image.tokens().values());
        }
        return records;
    }

    /** The metadata version comes first: a reader must know it before any other record. */
    private static void features(ClusterImage image, List<MetadataRecord> records) {
        Short level = image.features().get(MetadataVersion.FEATURE);
        if (level != null) {
            records.add(new FeatureLevelRecord(MetadataVersion.FEATURE, level));
        }
        new TreeMap<>(image.features()).forEach((name, other) -> {
            if (!name.equals(MetadataVersion.FEATURE)) {
                records.add(new FeatureLevelRecord(name, other));
            }
        });
    }

    private static void topics(ClusterImage image, List<MetadataRecord> records) {
        boolean withElr = image.elrEnabled();
        for (TopicImage topic : image.topics().all()) {
            records.add(new TopicRecord(topic.name(), topic.id()));
            int partition = 0;
            for (PartitionRegistration registration : topic.partitions()) {
                PartitionRecord record = registration.toRecord(topic.id(), partition++);
                records.add(
                        withElr
                                ? record
                                : record.withEligibleLeaderReplicas(null).withLastKnownElr(null));
            }
        }
    }

    private static void quotas(ClusterImage image, List<MetadataRecord> records) {
        image.quotas().forEach((entity, limits) -> {
            List<EntityData> parts = new ArrayList<>();
            entity.parts().forEach((type, name) -> parts.add(new EntityData(type, name.orElse(null))));
            limits.forEach((key, value) -> records.add(new ClientQuotaRecord(parts, key, value, false)));
        });
    }

    /**
     * The version in which a record is written under a metadata version. Those that describe a whole thing take the newest that
     * the metadata version has; a change takes the oldest that can carry it.
     */
    public static short version(MetadataRecord record, MetadataVersion at) {
        return (short)
                switch (record) {
                    case RegisterBrokerRecord ignored -> registration(at);
                    case PartitionRecord ignored -> partition(at);
                    case PartitionChangeRecord ignored -> partition(at);
                    case BrokerRegistrationChangeRecord change -> registrationChange(change);
                    default -> 0;
                };
    }

    private static int registration(MetadataVersion at) {
        if (at.hasCordonedDirectories()) {
            return 4;
        }
        if (at.hasDirectories()) {
            return 3;
        }
        return at.level() >= 8 ? 2 : 1;
    }

    private static int partition(MetadataVersion at) {
        if (at.hasEligibleLeaderReplicas()) {
            return 2;
        }
        return at.hasDirectories() ? 1 : 0;
    }

    private static int registrationChange(BrokerRegistrationChangeRecord change) {
        if (change.cordonedLogDirs() != null) {
            return 3;
        }
        if (!change.logDirs().isEmpty()) {
            return 2;
        }
        return change.inControlledShutdown() != 0 ? 1 : 0;
    }
}
