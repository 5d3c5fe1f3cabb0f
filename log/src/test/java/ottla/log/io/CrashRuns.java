package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.slf4j.LoggerFactory;

/**
 * The runs of a crash simulation, one seed each, on all processors: {@code -Dottla.seed=} replays one,
 * {@code -Dottla.simulation.seeds=} runs so many, from {@code -Dottla.simulation.first=} on. Counts what the disks did and what the
 * logs said about it, instead of printing it.
 */
final class CrashRuns implements AutoCloseable {
    private final Map<String, Long> seen = new ConcurrentHashMap<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger("ottla.log.io");
    private final Counter counter = new Counter();

    private final class Counter extends AppenderBase<ILoggingEvent> {
        @Override
        protected void append(ILoggingEvent event) {
            seen.merge(event.getMessage(), 1L, Long::sum);
        }
    }

    CrashRuns() {
        counter.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(counter);
    }

    /** @return whether it was more than the replay of one */
    boolean all(int seeds, LongConsumer run) {
        Long only = Long.getLong("ottla.seed");
        long first = only == null ? Long.getLong("ottla.simulation.first", 0) : only;
        long end = only == null ? first + Long.getLong("ottla.simulation.seeds", seeds) : only + 1;
        LongStream.range(first, end)
                .parallel()
                .mapToObj(seed -> failure(seed, run))
                .flatMap(Optional::stream)
                .findFirst()
                .ifPresent(failure -> {
                    throw failure;
                });
        return only == null;
    }

    void one(long seed, LongConsumer run) {
        failure(seed, run).ifPresent(failure -> {
            throw failure;
        });
    }

    private static Optional<AssertionError> failure(long seed, LongConsumer run) {
        try {
            run.accept(seed);
            return Optional.empty();
        } catch (RuntimeException | AssertionError failure) {
            return Optional.of(new AssertionError("seed " + seed, failure));
        }
    }

    void saw(FaultyDisk disk) {
        disk.events().forEach((event, count) -> seen.merge(event.name(), (long) count, Long::sum));
    }

    void saw(String what) {
        seen.merge(what, 1L, Long::sum);
    }

    /** A simulation in which something never happens does not test it. The parts are of what logs say. */
    void requireSeen(Set<FaultyDisk.Event> events, String... parts) {
        for (FaultyDisk.Event event : events) {
            assertThat(seen.keySet()).contains(event.name());
        }
        for (String part : parts) {
            assertThat(seen.keySet()).anyMatch(key -> key.contains(part));
        }
    }

    @Override
    public void close() {
        logger.detachAppender(counter);
        logger.setAdditive(true);
        logger.setLevel(null);
    }

    @Override
    public String toString() {
        return seen.toString();
    }
}
