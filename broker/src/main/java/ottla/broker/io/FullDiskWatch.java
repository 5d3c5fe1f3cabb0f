package ottla.broker.io;

import java.time.InstantSource;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.TopicImage;
import ottla.log.io.LogShell;

/**
 * Steps back while a disk is full, where others can step in: the broker asks to be fenced, so that they lead what it led and no
 * producer waits for its copies. It goes on following, and asks to be let in again when there is room. Kafka's node ends instead, and
 * stays away until somebody starts it.
 *
 * <p>Whoever has the only copy in sync of everything stays: its records can still be read.
 *
 * <p>Runs on one of the disk threads at a time.
 */
final class FullDiskWatch {
    private static final Logger LOG = LoggerFactory.getLogger(FullDiskWatch.class);

    /** How often to look. */
    static final long INTERVAL_MS = 1_000;

    /** Retention may soon make room. */
    private static final long PATIENCE_MS = 5_000;

    /** So much of a disk, but no more than a few segments' worth, must be free before this broker counts on it again. */
    private static final int ROOM_SHARE = 50;

    private static final long ROOM_BYTES_MAX = 64L << 20;

    private final int nodeId;
    private final Supplier<List<LogShell>> disks;
    private final Supplier<ClusterImage> image;
    private final InstantSource clock;
    private final Consumer<Boolean> stepBack;
    private boolean away;

    /**
     * @param disks those that have not failed
     * @param stepBack told true when this broker is to be fenced, false when it is no longer
     */
    FullDiskWatch(
            int nodeId,
            Supplier<List<LogShell>> disks,
            Supplier<ClusterImage> image,
            InstantSource clock,
            Consumer<Boolean> stepBack) {
        this.nodeId = nodeId;
        this.disks = disks;
        this.image = image;
        this.clock = clock;
        this.stepBack = stepBack;
    }

    void look() {
        if (away) {
            if (disks.get().stream().allMatch(FullDiskWatch::hasRoom)) {
                LOG.warn("There is room on all disks: broker {} asks to be let in again", nodeId);
                away = false;
                stepBack.accept(false);
            }
        } else if (disks.get().stream().anyMatch(this::hasLongBeenFull) && othersAreInSync()) {
            LOG.error(
                    "A disk stays full: broker {} asks to be fenced, so that others lead until there is room", nodeId);
            away = true;
            stepBack.accept(true);
        }
    }

    private boolean hasLongBeenFull(LogShell shell) {
        OptionalLong sinceMs = shell.full().sinceMs();
        return sinceMs.isPresent() && clock.millis() - sinceMs.getAsLong() >= PATIENCE_MS && !hasRoom(shell);
    }

    private static boolean hasRoom(LogShell shell) {
        long wantedBytes = Math.min(ROOM_BYTES_MAX, shell.disk().totalBytes() / ROOM_SHARE);
        return shell.disk().usableBytes() >= wantedBytes;
    }

    /** Whether a partition of this broker's has another replica in sync. */
    private boolean othersAreInSync() {
        for (TopicImage topic : image.get().topics().all()) {
            if (topic.partitions().stream()
                    .anyMatch(partition ->
                            partition.isr().contains(nodeId) && partition.isr().size() > 1)) {
                return true;
            }
        }
        return false;
    }
}
