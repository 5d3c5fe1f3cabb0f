package ottla.replication.quorum;

import ottla.wire.message.metadata.MetadataRecord;

/** A metadata record and the version to write it in, which the cluster's {@code metadata.version} decides. */
public record VersionedRecord(MetadataRecord record, int version) {
    /** In the newest version that this software knows. */
    public static VersionedRecord latest(MetadataRecord record) {
        return new VersionedRecord(record, record.latestVersion());
    }
}
