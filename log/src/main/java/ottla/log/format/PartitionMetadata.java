package ottla.log.format;

import java.util.Map;
import ottla.base.Uuid;

/** The file {@code partition.metadata}: which topic a partition's directory belongs to, whatever its name (KIP-516). */
public record PartitionMetadata(Uuid topicId) {
    public String text() {
        return "version: 0\ntopic_id: " + topicId;
    }

    /** Reads what {@link #text} wrote; throws {@link MalformedFile}. */
    public static PartitionMetadata read(String text) {
        Map<String, String> fields = Properties.read(text.replace(": ", "="));
        String version = fields.get("version");
        String topicId = fields.get("topic_id");
        if (version == null || topicId == null) {
            throw new MalformedFile(SegmentFiles.PARTITION_METADATA, "version or topic_id is missing");
        }
        if (!version.equals("0")) {
            throw new MalformedFile(SegmentFiles.PARTITION_METADATA, "unknown version " + version);
        }
        try {
            return new PartitionMetadata(Uuid.parse(topicId));
        } catch (IllegalArgumentException notAnId) {
            throw new MalformedFile(SegmentFiles.PARTITION_METADATA, "'" + topicId + "' is not a topic id");
        }
    }
}
