package ottla.log.format;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import ottla.base.Uuid;

/**
 * The file {@code meta.properties} at the top of every log directory: which cluster and node the directory belongs to, and its
 * own id (KIP-858). Version 1 is written; version 0, from before KRaft, is read.
 */
public record MetaProperties(Optional<String> clusterId, OptionalInt nodeId, Optional<Uuid> directoryId) {
    public static final String FILE = "meta.properties";

    public String text() {
        StringBuilder text = new StringBuilder("#\n");
        clusterId.ifPresent(id -> text.append("cluster.id=").append(id).append('\n'));
        directoryId.ifPresent(id -> text.append("directory.id=").append(id).append('\n'));
        nodeId.ifPresent(id -> text.append("node.id=").append(id).append('\n'));
        return text.append("version=1\n").toString();
    }

    /** Reads what Kafka's tools or {@link #text} wrote; throws {@link MalformedFile}. */
    public static MetaProperties read(String text) {
        Map<String, String> fields = Properties.read(text);
        String version = fields.getOrDefault("version", "0");
        if (!version.equals("0") && !version.equals("1")) {
            throw new MalformedFile(FILE, "unknown version " + version);
        }
        String node = fields.get(version.equals("0") ? "broker.id" : "node.id");
        if (version.equals("1") && (node == null || !fields.containsKey("cluster.id"))) {
            throw new MalformedFile(FILE, "cluster.id or node.id is missing");
        }
        return new MetaProperties(
                Optional.ofNullable(fields.get("cluster.id")),
                node == null ? OptionalInt.empty() : OptionalInt.of(number(node)),
                Optional.ofNullable(fields.get("directory.id")).map(MetaProperties::id));
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException notANumber) {
            throw new MalformedFile(FILE, "'" + text + "' is not a node id");
        }
    }

    private static Uuid id(String text) {
        try {
            return Uuid.parse(text);
        } catch (IllegalArgumentException notAnId) {
            throw new MalformedFile(FILE, "'" + text + "' is not a directory id");
        }
    }
}
