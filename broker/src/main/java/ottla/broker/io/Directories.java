package ottla.broker.io;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import ottla.base.Uuid;
import ottla.broker.config.NodeConfig;
import ottla.log.format.MalformedFile;
import ottla.log.format.MetaProperties;
import ottla.log.io.Disk;
import ottla.log.io.DiskFailure;
import ottla.log.io.FileDisk;
import ottla.log.io.LogDirectory;

/**
 * The log directories of a node, taken for this process and checked: all of the same cluster, all of this node. The first is the one
 * of the metadata log. Closed by whoever uses them last, the log store.
 */
record Directories(String clusterId, List<LogDirectory> directories) {
    /** Takes the directories, and has them prepared if need be. Throws {@link RefusedStart} and lets go of all of them if one cannot be used. */
    static Directories open(NodeConfig config, Consumer<List<LogDirectory>> preparation) {
        List<LogDirectory> open = new ArrayList<>();
        try {
            for (Path path : metadataFirst(config)) {
                Disk disk = new FileDisk(path.toAbsolutePath().normalize());
                open.add(LogDirectory.open(disk));
            }
            preparation.accept(open);
            return new Directories(check(config, open), List.copyOf(open));
        } catch (DiskFailure | MalformedFile failure) {
            open.forEach(LogDirectory::close);
            throw new RefusedStart(String.valueOf(failure.getMessage()));
        } catch (RefusedStart refused) {
            open.forEach(LogDirectory::close);
            throw refused;
        }
    }

    /** Refuses a node whose directories are not all formatted, before anything is created in them. */
    static void expectFormatted(NodeConfig config) {
        for (Path path : config.logDirs()) {
            if (Files.notExists(path.resolve("meta.properties"))) {
                throw notFormatted(path.toString());
            }
        }
    }

    private static RefusedStart notFormatted(String directory) {
        return new RefusedStart("No meta.properties was found in " + directory
                + ": format the directory with kafka-storage.sh format before the first start.");
    }

    private static List<Path> metadataFirst(NodeConfig config) {
        List<Path> paths = new ArrayList<>(config.logDirs());
        paths.remove(config.metadataLogDir());
        paths.addFirst(config.metadataLogDir());
        return paths;
    }

    private static String check(NodeConfig config, List<LogDirectory> directories) {
        Optional<String> clusterId = Optional.empty();
        Set<Uuid> ids = new HashSet<>();
        for (LogDirectory directory : directories) {
            String root = directory.disk().root();
            MetaProperties properties = directory.metaProperties().orElseThrow(() -> notFormatted(root));
            if (!properties.nodeId().equals(OptionalInt.of(config.nodeId()))) {
                throw new RefusedStart("The directory " + root + " belongs to node "
                        + properties.nodeId().orElse(-1) + ", but node.id is " + config.nodeId() + ".");
            }
            if (clusterId.isPresent() && !clusterId.equals(properties.clusterId())) {
                throw new RefusedStart("The directory " + root + " belongs to the cluster "
                        + properties.clusterId().orElse("") + ", another directory to " + clusterId.get() + ".");
            }
            if (directory.id().isPresent() && !ids.add(directory.id().get())) {
                throw new RefusedStart("Two log directories have the directory.id "
                        + directory.id().get() + ": one is a copy of the other.");
            }
            clusterId = properties.clusterId();
        }
        return clusterId.orElseThrow(() -> new RefusedStart("meta.properties has no cluster.id."));
    }
}
