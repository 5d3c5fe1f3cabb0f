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
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Uuid;
import ottla.broker.config.NodeConfig;
import ottla.log.format.MalformedFile;
import ottla.log.format.MetaProperties;
import ottla.log.io.Disk;
import ottla.log.io.DiskFailure;
import ottla.log.io.FileDisk;
import ottla.log.io.LogDirectory;

/**
 * The log directories of a node, taken for this process and checked: all of the same cluster, all of this node. Closed by whoever
 * uses them last, the log store.
 *
 * @param directories those that can be used
 * @param metadata the one that holds the metadata log; it may be apart from the others
 * @param unusable the roots of those that cannot be used, and are offline from the start
 */
record Directories(String clusterId, List<LogDirectory> directories, LogDirectory metadata, List<String> unusable) {
    private static final Logger LOG = LoggerFactory.getLogger(Directories.class);
    private static final String METADATA_LOG = "__cluster_metadata-0";

    /**
     * Takes the directories, and has them prepared if need be. One that is broken is left out, unless it is that of the metadata.
     * Throws {@link RefusedStart} and lets go of all of them if the node cannot start with the rest.
     */
    static Directories open(NodeConfig config, RandomGenerator random, Consumer<List<LogDirectory>> preparation) {
        List<LogDirectory> open = new ArrayList<>();
        List<String> unusable = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        try {
            Path metadataPath = absolute(config.metadataLogDir());
            List<Path> paths = new ArrayList<>();
            config.logDirs().forEach(path -> paths.add(absolute(path)));
            boolean apart = !paths.contains(metadataPath);
            if (apart) {
                paths.add(metadataPath);
            }
            for (Path path : paths) {
                Disk disk = new FileDisk(path);
                try {
                    open.add(LogDirectory.open(disk));
                } catch (DiskFailure | MalformedFile failure) {
                    refuseIfLocked(failure);
                    LOG.error("The log directory {} cannot be used and is offline", disk.root(), failure);
                    unusable.add(disk.root());
                    problems.add(String.valueOf(failure.getMessage()));
                }
            }
            LogDirectory metadata = open.stream()
                    .filter(directory -> directory.disk().root().equals(metadataPath.toString()))
                    .findFirst()
                    .orElseThrow(() -> new RefusedStart("The directory of the metadata log, " + metadataPath
                            + ", cannot be used: " + String.join("; ", problems)));
            preparation.accept(open);
            String clusterId = check(config, open, metadata);
            identify(open, random);
            List<LogDirectory> logs = open.stream()
                    .filter(directory -> !apart || directory != metadata)
                    .toList();
            if (logs.isEmpty()) {
                throw new RefusedStart("None of the log directories can be used: " + String.join("; ", problems));
            }
            return new Directories(clusterId, logs, metadata, List.copyOf(unusable));
        } catch (DiskFailure | MalformedFile failure) {
            open.forEach(LogDirectory::close);
            throw new RefusedStart(String.valueOf(failure.getMessage()));
        } catch (RefusedStart refused) {
            open.forEach(LogDirectory::close);
            throw refused;
        }
    }

    /** Refuses a node whose directories are not all formatted, before anything is created in them. Broken ones are left to {@link #open}. */
    static void expectFormatted(NodeConfig config) {
        for (Path path : config.logDirs()) {
            boolean broken = Files.exists(path) && !Files.isDirectory(path);
            if (!broken && Files.notExists(path.resolve("meta.properties"))) {
                throw notFormatted(path.toString());
            }
        }
    }

    private static RefusedStart notFormatted(String directory) {
        return new RefusedStart("No meta.properties was found in " + directory
                + ": format the directory with kafka-storage.sh format before the first start.");
    }

    /** Whether the metadata log has a directory of its own, which the log store knows nothing of. */
    boolean isMetadataApart() {
        return !directories.contains(metadata);
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private static void refuseIfLocked(RuntimeException failure) {
        if (failure instanceof DiskFailure disk && disk.kind() == DiskFailure.Kind.LOCKED) {
            throw disk;
        }
    }

    private static String check(NodeConfig config, List<LogDirectory> directories, LogDirectory metadata) {
        String root = metadata.disk().root();
        Optional<String> clusterId = properties(metadata).clusterId();
        Set<Uuid> ids = new HashSet<>();
        for (LogDirectory directory : directories) {
            String other = directory.disk().root();
            if (directory != metadata && directory.disk().exists(METADATA_LOG)) {
                throw new RefusedStart("The directory " + other + " holds a metadata log, but " + root
                        + " is where it is to be: set metadata.log.dir, or remove the one that is wrong.");
            }
            MetaProperties properties = properties(directory);
            if (!properties.nodeId().equals(OptionalInt.of(config.nodeId()))) {
                throw new RefusedStart("The directory " + other + " belongs to node "
                        + properties.nodeId().orElse(-1) + ", but node.id is " + config.nodeId() + ".");
            }
            if (!clusterId.equals(properties.clusterId())) {
                throw new RefusedStart("The directory " + other + " belongs to the cluster "
                        + properties.clusterId().orElse("") + ", " + root + " to " + clusterId.orElse("") + ".");
            }
            if (directory.id().isPresent() && !ids.add(directory.id().get())) {
                throw new RefusedStart("Two log directories have the directory.id "
                        + directory.id().get() + ": one is a copy of the other.");
            }
        }
        return clusterId.orElseThrow(() -> new RefusedStart("meta.properties has no cluster.id."));
    }

    private static MetaProperties properties(LogDirectory directory) {
        return directory
                .metaProperties()
                .orElseThrow(() -> notFormatted(directory.disk().root()));
    }

    /** A directory from before directories had ids gets one (KIP-858). */
    private static void identify(List<LogDirectory> directories, RandomGenerator random) {
        for (LogDirectory directory : directories) {
            if (directory.id().isEmpty()) {
                Uuid id = Uuid.randomName(random);
                LOG.info("The log directory {} gets the id {}", directory.disk().root(), id);
                MetaProperties known = properties(directory);
                directory.format(new MetaProperties(known.clusterId(), known.nodeId(), Optional.of(id)));
            }
        }
    }
}
