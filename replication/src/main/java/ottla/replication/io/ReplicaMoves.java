package ottla.replication.io;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.io.Background;
import ottla.log.io.DiskFailure;
import ottla.log.io.FutureLogs;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.replication.partition.LogMove;
import ottla.replication.partition.TransferPace;

/**
 * Moves replicas' logs from one directory of this broker to another (KIP-113), on threads that are lent to it for nothing else. What
 * is under way goes on after a restart, because its copy is found again.
 *
 * <p>Safe for use by several threads; none of its methods is to be called under a replica's lock, and {@link #alter} may wait for a
 * disk. Life: until {@link #end}, before the replicas end; its threads have to come to rest before the store is closed.
 */
public final class ReplicaMoves {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaMoves.class);

    /** A limit may change while somebody waits for it. */
    private static final long PAUSE_MAX_MS = 1_000;

    private static final long ROOM_PAUSE_MS = 1_000;

    private final LogStore store;
    private final DirectoryAssignments assignments;
    private final Settings settings;
    private final Background threads;
    private final LongSupplier clockNs;
    private final Map<TopicPartition, Running> moves = new ConcurrentHashMap<>();
    private volatile boolean ended;

    /** Guarded by itself. */
    private final TransferPace pace = new TransferPace();

    /**
     * @param chunkBytes how much is copied at a time: {@code replica.fetch.max.bytes}
     * @param unusable the roots of directories that could not even be opened
     */
    public record Settings(int chunkBytes, Set<String> unusable) {}

    /** A copy of a log, in the directory where it will take its place. */
    public record Copy(LogDirectory directory, long sizeBytes, long endOffset) {}

    /** A move, and whether somebody is at it. */
    private static final class Running {
        final ReplicaMove move;
        private Seat seat = Seat.FREE;

        private enum Seat {
            FREE,
            TAKEN,
            /** Something happened since the last look. */
            TAKEN_AND_WOKEN
        }

        Running(ReplicaMove move) {
            this.move = move;
        }

        /** Whether the caller is to see to the move. */
        synchronized boolean wake() {
            boolean free = seat == Seat.FREE;
            seat = free ? Seat.TAKEN : Seat.TAKEN_AND_WOKEN;
            return free;
        }

        /** Whether there is a reason to look again at once. */
        synchronized boolean leave() {
            boolean woken = seat == Seat.TAKEN_AND_WOKEN;
            seat = woken ? Seat.TAKEN : Seat.FREE;
            return woken;
        }
    }

    public ReplicaMoves(
            LogStore store,
            DirectoryAssignments assignments,
            Settings settings,
            Background threads,
            LongSupplier clockNs) {
        this.store = store;
        this.assignments = assignments;
        this.settings = settings;
        this.threads = threads;
        this.clockNs = clockNs;
    }

    // ---- what is asked for

    /** Why no log can be put into the directory with this path, as AlterReplicaLogDirs has it. */
    ErrorCode reasonRefused(TopicPartition name, String path) {
        if (!LogDirectory.canMove(name)) {
            return ErrorCode.INVALID_TOPIC_EXCEPTION;
        }
        Optional<LogDirectory> target = directory(path);
        if (target.isEmpty() && !settings.unusable().contains(path)) {
            return ErrorCode.LOG_DIR_NOT_FOUND;
        }
        if (target.filter(store::isOnline).isEmpty()) {
            return ErrorCode.KAFKA_STORAGE_ERROR;
        }
        return target.filter(store::isCordoned).isPresent() ? ErrorCode.INVALID_REPLICA_ASSIGNMENT : ErrorCode.NONE;
    }

    private Optional<LogDirectory> directory(String path) {
        return store.directories().stream()
                .filter(directory -> directory.disk().root().equals(path))
                .findFirst();
    }

    /** A log that does not exist yet is to be begun in this directory. */
    void prefer(TopicPartition name, String path) {
        directory(path).ifPresent(target -> store.prefer(name, target));
    }

    /** Puts a log into a directory that can be used, soon. */
    synchronized ErrorCode alter(Replica replica, String path) {
        LogDirectory target = directory(path).orElseThrow();
        Running present = moves.get(replica.name());
        if (present != null && present.move.target() == target) {
            return ErrorCode.NONE;
        }
        if (present != null) {
            giveUp(present, Remains.REMOVED);
        }
        return store.directoryOf(replica.name()).equals(Optional.of(target)) ? ErrorCode.NONE : begin(replica, target);
    }

    private ErrorCode begin(Replica replica, LogDirectory target) {
        boolean mayBeElsewhere =
                !settings.unusable().isEmpty() || store.directories().stream().anyMatch(dir -> !store.isOnline(dir));
        if (mayBeElsewhere) {
            return ErrorCode.KAFKA_STORAGE_ERROR;
        }
        store.futures().remove(replica.name()); // of an older topic of this name
        try {
            FutureLogs.Future future =
                    store.futures().begin(replica.name(), target, replica.config(), replica.topicId());
            LOG.info("{} moves to {}", replica, target.disk().root());
            if (!follow(replica, future)) {
                store.futures().remove(replica.name());
                return ErrorCode.KAFKA_STORAGE_ERROR;
            }
            return ErrorCode.NONE;
        } catch (DiskFailure failure) {
            LOG.warn("{} cannot move to {}", replica, target.disk().root(), failure);
            return ErrorCode.KAFKA_STORAGE_ERROR;
        }
    }

    private boolean follow(Replica replica, FutureLogs.Future future) {
        LogMove.Reporting reporting =
                future.directory().id().isEmpty() ? LogMove.Reporting.NONE : assignments.reporting();
        Running running = new Running(new ReplicaMove(replica, store, future, reporting));
        moves.put(replica.name(), running);
        if (!replica.beginMove(running.move)) {
            moves.remove(replica.name(), running);
            return false;
        }
        wake(running);
        return true;
    }

    /** How many bytes a second may be copied: {@code replica.alter.log.dirs.io.max.bytes.per.second}. */
    public void limit(long bytesPerSecond) {
        synchronized (pace) {
            pace.limit((double) bytesPerSecond, clockNs.getAsLong());
        }
    }

    // ---- what happens

    /** A replica's log was opened: perhaps it was on its way when the last process ended. */
    synchronized void opened(Replica replica) {
        store.futures()
                .find(replica.name())
                .filter(future -> future.log().topicId().equals(Optional.of(replica.topicId())))
                .filter(future -> !moves.containsKey(replica.name()))
                .ifPresent(future -> follow(replica, future));
    }

    /** A replica is removed. */
    void removed(TopicPartition name) {
        Running running = moves.get(name);
        if (running != null) {
            soon(() -> giveUp(running, Remains.REMOVED));
        }
    }

    void directoryFailed(LogDirectory directory) {
        for (Running running : List.copyOf(moves.values())) {
            if (running.move.target() == directory) {
                soon(() -> giveUp(running, Remains.KEPT));
            } else {
                wake(running);
            }
        }
    }

    /** The copy of a replica's log that is on its way elsewhere. */
    Optional<Copy> copy(TopicPartition name) {
        return Optional.ofNullable(moves.get(name))
                .map(running -> new Copy(running.move.target(), running.move.copyBytes(), running.move.copyEnd()));
    }

    // ---- work

    private void wake(Running running) {
        if (running.wake()) {
            soon(() -> run(running));
        }
    }

    private void soon(Runnable task) {
        if (!ended) {
            threads.soon(task);
        }
    }

    private void again(Running running, long delayMs) {
        if (!ended) {
            threads.after(delayMs, () -> run(running));
        }
    }

    private void run(Running running) {
        try {
            if (!ended) {
                turn(running);
            }
        } catch (RuntimeException defect) {
            LOG.error("{} cannot be moved", running.move.replica(), defect);
            giveUp(running, Remains.REMOVED);
        }
    }

    private void turn(Running running) {
        long pauseNs;
        synchronized (pace) {
            pauseNs = pace.pauseNs(clockNs.getAsLong());
        }
        if (pauseNs > 0) {
            again(running, Math.min(TimeUnit.NANOSECONDS.toMillis(pauseNs) + 1, PAUSE_MAX_MS));
            return;
        }
        ReplicaMove move = running.move;
        switch (move.turn(settings.chunkBytes())) {
            case ReplicaMove.Turn.More(int copiedBytes) -> {
                synchronized (pace) {
                    pace.spend(copiedBytes, clockNs.getAsLong());
                }
                soon(() -> run(running));
            }
            case ReplicaMove.Turn.Ask(Uuid directory) -> {
                ask(running, directory);
                rest(running);
            }
            case ReplicaMove.Turn.Rest rest -> rest(running);
            case ReplicaMove.Turn.NoRoom noRoom -> again(running, ROOM_PAUSE_MS);
            case ReplicaMove.Turn.Arrived(LogDirectory left, Optional<DiskFailure> failure) ->
                arrived(running, left, failure);
            case ReplicaMove.Turn.TargetFailed(DiskFailure failure) -> {
                store.fail(move.target(), failure);
                giveUp(running, Remains.KEPT);
            }
            case ReplicaMove.Turn.Impossible(String reason) -> {
                LOG.error(
                        "{} cannot be moved to {}: {}",
                        move.replica(),
                        move.target().disk().root(),
                        reason);
                giveUp(running, Remains.REMOVED);
            }
            case ReplicaMove.Turn.Pointless pointless -> {
                // the end of all replicas is not that of a move
                boolean removed = move.replica().isClosed() && !ended;
                giveUp(running, removed ? Remains.REMOVED : Remains.KEPT);
            }
        }
    }

    private void rest(Running running) {
        if (running.leave()) {
            soon(() -> run(running));
        }
    }

    private void ask(Running running, Uuid directory) {
        Replica replica = running.move.replica();
        assignments.assign(
                replica.topicId(),
                replica.name().partition(),
                directory,
                () -> soon(() -> {
                    running.move.known();
                    wake(running);
                }));
    }

    private void arrived(Running running, LogDirectory left, Optional<DiskFailure> failure) {
        synchronized (this) {
            moves.remove(running.move.replica().name(), running);
            running.move.replica().endMove();
        }
        store.saveRecoveryPoints();
        store.saveLogStartOffsets();
        failure.ifPresent(cause -> store.fail(left, cause));
    }

    private enum Remains {
        REMOVED,
        /** For the next start. */
        KEPT
    }

    private void giveUp(Running running, Remains remains) {
        Replica replica = running.move.replica();
        LogMove.Aftermath aftermath = running.move.giveUp();
        synchronized (this) {
            if (ended || !moves.remove(replica.name(), running)) {
                return;
            }
            if (remains == Remains.REMOVED) {
                store.futures().remove(replica.name());
            } else {
                store.futures().abandon(replica.name());
            }
            replica.endMove();
        }
        if (aftermath == LogMove.Aftermath.TELL_CONTROLLER && replica.isOnline()) {
            store.directoryOf(replica.name())
                    .flatMap(LogDirectory::id)
                    .ifPresent(stays ->
                            assignments.assign(replica.topicId(), replica.name().partition(), stays, () -> {}));
        }
    }

    // ---- the end

    /** No further step is taken. The copies stay, and the next start goes on with them. */
    void end() {
        ended = true;
    }
}
