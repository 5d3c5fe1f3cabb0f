package ottla.log.io;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;

/**
 * Logs on their way into another directory of the broker (KIP-113): copies that lie beside a partition's log, in directories called
 * {@code TOPIC-PARTITION.UNIQUE-future}, until they take its place.
 *
 * <pre>
 *   begin -> copied by whoever moves the log -> promote: the copy gets the log's name, then the old log is removed
 *              |                     ^
 *              v                     |
 *            stop, or crash  ->  opened by the next start, to be gone on with
 * </pre>
 *
 * <p>Safe for use by several threads; each log it hands out is its mover's own until it is promoted.
 */
public final class FutureLogs {
    private static final Logger LOG = LoggerFactory.getLogger(FutureLogs.class);

    private final LogStore store;
    private final Map<TopicPartition, Future> open = new ConcurrentHashMap<>();

    /** A copy, and the directory that it goes to. */
    public record Future(Log log, LogDirectory directory) {}

    FutureLogs(LogStore store) {
        this.store = store;
    }

    public Optional<Future> find(TopicPartition partition) {
        return Optional.ofNullable(open.get(partition));
    }

    /** Begins an empty copy in a directory. The partition has none. A directory that fails goes offline. */
    public Future begin(TopicPartition partition, LogDirectory target, LogConfig config, Uuid topicId) {
        Check.invariant(!open.containsKey(partition), "a log moves into one directory at a time");
        Shelf shelf = store.shelf(target);
        try {
            String name;
            synchronized (store) {
                name = shelf.beginFuture(partition);
            }
            Log log = Log.open(shelf.shell(), partition, name, config, Stop.CLEAN, 0, 0);
            log.assignTopicId(topicId);
            return put(partition, new Future(log, target));
        } catch (DiskFailure failure) {
            synchronized (store) {
                shelf.forget(partition);
            }
            store.failed(shelf, partition, failure);
            throw failure;
        }
    }

    private Future put(TopicPartition partition, Future future) {
        open.put(partition, future);
        return future;
    }

    /** Opens what an earlier process has left of a copy, as part of the opening of all logs. */
    void load(Shelf shelf, LogStore.Wanted want) {
        TopicPartition partition = want.partition();
        if (!shelf.isOnline()) {
            return;
        }
        try {
            Log log = open(shelf, want);
            synchronized (store) {
                boolean another =
                        log.topicId().isPresent() && !log.topicId().get().equals(want.topicId());
                if (another || open.containsKey(partition)) {
                    LOG.warn("{} in {} is not wanted any more: it is removed", log.directory(), shelf);
                    log.remove();
                    shelf.forget(partition);
                    return;
                }
                log.assignTopicId(want.topicId());
                shelf.futureOpened(partition);
                open.put(partition, new Future(log, shelf.directory()));
            }
            LOG.info("{} was on its way into {}, and is so up to offset {}", partition, shelf, log.endOffset());
        } catch (DiskFailure failure) {
            store.failed(shelf, partition, failure);
        } catch (RuntimeException defect) {
            LOG.error("The copy of {} in {} could not be opened", partition, shelf, defect);
        }
    }

    private Log open(Shelf shelf, LogStore.Wanted want) {
        String name;
        Stop stop;
        long startOffset;
        long recoveryPoint;
        synchronized (store) {
            name = shelf.future(want.partition()).orElseThrow();
            stop = shelf.stop(want.partition());
            startOffset = shelf.logStartOffset(want.partition());
            recoveryPoint = shelf.recoveryPoint(want.partition());
        }
        return Log.open(shelf.shell(), want.partition(), name, want.config(), stop, startOffset, recoveryPoint);
    }

    /**
     * The copy takes the place of the partition's log, which is removed. To be called under the locks of both. A failure of the
     * target is thrown and changes nothing; one of the directory that the log leaves is returned, for whoever can take it offline
     * without those locks.
     */
    public Optional<DiskFailure> promote(TopicPartition partition) {
        Future future = find(partition).orElseThrow();
        Log log = future.log();
        log.rename(partition.toString());
        open.remove(partition);
        try {
            store.replace(partition, log, store.shelf(future.directory()));
            return Optional.empty();
        } catch (DiskFailure failure) {
            return Optional.of(failure);
        }
    }

    /**
     * A node stopped after the controller knew of the new place, and the directory of the old one is lost: what was copied is all
     * there is (KIP-858). Under the store's lock.
     */
    void promoteAbandoned(TopicPartition partition, Uuid assigned) {
        Future future = open.get(partition);
        if (future != null && future.directory().id().equals(Optional.of(assigned))) {
            LOG.warn("{} is nowhere but on its way into {}: it is taken as it is", partition, future.directory());
            promote(partition);
        }
    }

    /** Removes a copy that is not wanted any more. */
    public void remove(TopicPartition partition) {
        synchronized (store) {
            Future future = open.remove(partition);
            if (future == null) {
                return;
            }
            Shelf shelf = store.shelf(future.directory());
            try {
                future.log().remove();
                shelf.forget(partition);
            } catch (DiskFailure failure) {
                LOG.warn("The copy of {} in {} could not be removed", partition, shelf, failure);
                future.log().abandon();
            }
        }
    }

    /** Lets go of a copy, which stays on disk for the next start. */
    public void abandon(TopicPartition partition) {
        Future future = open.remove(partition);
        if (future != null) {
            future.log().abandon();
        }
    }

    List<Log> logs(LogDirectory directory) {
        return open.values().stream()
                .filter(future -> future.directory() == directory)
                .map(Future::log)
                .toList();
    }

    /** A copy's high watermark is its partition's, but for what the copy does not have. */
    void boundHighWatermarks(Shelf shelf, Map<TopicPartition, Long> highWatermarks) {
        for (TopicPartition partition : shelf.futures()) {
            Future future = open.get(partition);
            if (future == null) {
                highWatermarks.remove(partition);
            } else {
                highWatermarks.computeIfPresent(
                        partition,
                        (name, offset) -> Math.min(offset, future.log().recoveryPoint()));
            }
        }
    }

    void forgetAll(LogDirectory directory) {
        open.values().removeIf(future -> future.directory() == directory);
    }

    void clear() {
        open.clear();
    }
}
