package ottla.log.io;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.TopicPartition;
import ottla.log.retain.CompactionPlan;
import ottla.log.retain.KeyOffsets;

/**
 * Compacts the logs of topics that ask for it, the dirtiest first, on threads of its own. A log that cannot be cleaned, because
 * something in it cannot be read, is reported and left alone until it is removed or the node starts again.
 *
 * <p>Safe for use by several threads. Life: {@link #start}, and {@link #close} before the store is closed.
 */
public final class LogCleaner implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogCleaner.class);
    private static final double PERCENT = 100;

    private final Settings settings;
    private final LogStore store;
    private final Supplier<? extends Collection<? extends CleanableLog>> logs;
    private final InstantSource clock;
    private final Throttle throttle;
    private final List<Thread> threads = new ArrayList<>();

    /** Logs that a thread is at. Guarded by this. */
    private final Set<TopicPartition> inProgress = new HashSet<>();

    /** Logs that could not be cleaned. Guarded by this. */
    private final Set<TopicPartition> uncleanable = new HashSet<>();

    /**
     * Kafka's {@code log.cleaner.*}. What is for all threads together is shared out evenly.
     *
     * @param keyBytes {@code dedupe.buffer.size}: the most memory for keys and their offsets; taken only while a pass needs it
     */
    public record Settings(
            int threads, long keyBytes, double loadFactor, int bufferBytes, double bytesPerSecondMax, long backoffMs) {
        /** Whether each thread's share of memory is enough to get on. */
        public boolean holdsAnyKey() {
            double share = (double) keyBytes / Math.max(1, threads);
            return share / KeyOffsets.ENTRY_BYTES * loadFactor > 1;
        }
    }

    public LogCleaner(
            Settings settings,
            LogStore store,
            Supplier<? extends Collection<? extends CleanableLog>> logs,
            InstantSource clock) {
        this.settings = settings;
        this.store = store;
        this.logs = logs;
        this.clock = clock;
        throttle = new Throttle(settings.bytesPerSecondMax());
    }

    public void start() {
        for (int i = 0; i < settings.threads(); i++) {
            CleaningPass.Means means = means();
            threads.add(Thread.ofPlatform().name("log-cleaner-" + i).daemon().start(() -> run(means)));
        }
    }

    private CleaningPass.Means means() {
        int shares = Math.max(1, settings.threads());
        KeyOffsets offsets = new KeyOffsets(settings.keyBytes() / shares, settings.loadFactor());
        return new CleaningPass.Means(offsets, throttle, Math.max(1, settings.bufferBytes() / shares / 2));
    }

    private void run(CleaningPass.Means means) {
        while (!throttle.isEnded()) {
            boolean cleaned = false;
            try {
                cleaned = cleanDirtiest(means);
            } catch (RuntimeException failure) {
                LOG.error("A cleaner failed at choosing a log", failure);
            }
            if (!cleaned && !throttle.pause(TimeUnit.MILLISECONDS.toNanos(settings.backoffMs()))) {
                return;
            }
        }
    }

    /** Cleans the log that needs it most; false if none does. */
    boolean cleanDirtiest() {
        return cleanDirtiest(means());
    }

    private boolean cleanDirtiest(CleaningPass.Means means) {
        Optional<Chosen> chosen = choose();
        if (chosen.isEmpty()) {
            return false;
        }
        TopicPartition partition = chosen.get().log.partition();
        try {
            clean(chosen.get(), means);
            return true;
        } catch (CleaningGivenUp givenUp) {
            LOG.info("Gave up cleaning {}: it was changed, or the node stops", partition);
            return false;
        } catch (DiskFailure failure) {
            return failed(chosen.get(), failure);
        } catch (RuntimeException failure) {
            if (chosen.get().watch.givenUp()) {
                // It was read while it was cut.
                return false;
            }
            LOG.warn("{} cannot be cleaned and will be left as it is", partition, failure);
            synchronized (this) {
                uncleanable.add(partition);
            }
            return true;
        } finally {
            synchronized (this) {
                inProgress.remove(partition);
            }
        }
    }

    private record Chosen(CleanableLog log, CompactionPlan plan, Compacting.Watch watch) {}

    private synchronized Optional<Chosen> choose() {
        long nowMs = clock.millis();
        Collection<? extends CleanableLog> all = logs.get();
        uncleanable.retainAll(all.stream().map(CleanableLog::partition).toList());
        Optional<Chosen> dirtiest = Optional.empty();
        for (CleanableLog log : all) {
            if (inProgress.contains(log.partition()) || uncleanable.contains(log.partition())) {
                continue;
            }
            Optional<Chosen> candidate = log.locked((owned, stableOffset) -> consider(log, owned, stableOffset, nowMs))
                    .flatMap(found -> found);
            if (candidate.isPresent()
                    && (dirtiest.isEmpty()
                            || candidate.get().plan.dirtyRatio()
                                    > dirtiest.get().plan.dirtyRatio())) {
                dirtiest = candidate;
            }
        }
        dirtiest.ifPresent(chosen -> inProgress.add(chosen.log.partition()));
        return dirtiest;
    }

    private Optional<Chosen> consider(CleanableLog log, Log owned, long stableOffset, long nowMs) {
        if (!owned.config().compacts() || owned.segmentCount() == 1) {
            return Optional.empty();
        }
        OptionalLong checkpoint = store.cleanedTo(log.partition());
        CompactionPlan plan = owned.compacting().plan(checkpoint, stableOffset, nowMs);
        if (checkpoint.isPresent() && checkpoint.getAsLong() != plan.firstDirtyOffset()) {
            store.saveCleanedTo(log.partition(), plan.firstDirtyOffset());
        }
        return plan.due(owned.config())
                ? Optional.of(new Chosen(log, plan, owned.compacting().watch()))
                : Optional.empty();
    }

    private void clean(Chosen chosen, CleaningPass.Means means) {
        CompactionPlan plan = chosen.plan;
        TopicPartition partition = chosen.log.partition();
        long startedMs = clock.millis();
        Compacting.Work work = chosen.log
                .locked(owned -> owned.compacting().begin(plan, chosen.watch))
                .flatMap(begun -> begun)
                .orElseThrow(CleaningGivenUp::new);
        CleaningPass.Done done = new CleaningPass(chosen.log, plan, work, means, startedMs).run();
        store.saveCleanedTo(partition, done.cleanedTo());
        LOG.info(
                "Cleaned {} from {} up to {}{}: {} keys, {} of {} bytes left ({}% were dirty), in {} ms",
                partition,
                plan.firstDirtyOffset(),
                done.cleanedTo(),
                done.cleanedTo() < plan.endOffset() ? " (the rest in another pass)" : "",
                done.keys(),
                done.writtenBytes(),
                plan.cleanBytes() + plan.dirtyBytes(),
                Math.round(PERCENT * plan.dirtyRatio()),
                clock.millis() - startedMs);
    }

    private boolean failed(Chosen chosen, DiskFailure failure) {
        if (chosen.watch.givenUp()) {
            LOG.info("Gave up cleaning {}: {}", chosen.log.partition(), failure.getMessage());
        } else if (failure.kind() == DiskFailure.Kind.FULL) {
            LOG.warn("No room to clean {}: {}", chosen.log.partition(), failure.getMessage());
        } else {
            // For the log's owner: what this disk reports of one file, it may do to all.
            chosen.log.locked(owned -> rethrown(failure));
        }
        return false;
    }

    private static boolean rethrown(DiskFailure failure) {
        throw failure;
    }

    /** The logs that were found not to be cleanable. */
    public synchronized Set<TopicPartition> uncleanable() {
        return Set.copyOf(uncleanable);
    }

    /** Gives up what is under way and returns when no thread is at a log any more. */
    @Override
    public void close() {
        throttle.end();
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
