package ottla.log.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogAppendInfo;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/** Kafka's own log over a directory, as the oracle of ours. */
final class KafkaLogs {
    private KafkaLogs() {}

    static UnifiedLog open(Path directory, ottla.log.LogConfig config, Stop stop, long recoveryPoint)
            throws IOException {
        return open(
                directory, config, stop, recoveryPoint, Time.SYSTEM, new ProducerStateManagerConfig(86_400_000, false));
    }

    /** As the other, with a clock of the test's own. */
    static UnifiedLog open(
            Path directory,
            ottla.log.LogConfig config,
            Stop stop,
            long recoveryPoint,
            Time time,
            ProducerStateManagerConfig producers)
            throws IOException {
        return open(directory, config, stop, recoveryPoint, 0, time, producers);
    }

    /** As the other, with the log start that a checkpoint has. */
    static UnifiedLog open(
            Path directory,
            ottla.log.LogConfig config,
            Stop stop,
            long recoveryPoint,
            long logStartOffset,
            Time time,
            ProducerStateManagerConfig producers)
            throws IOException {
        Properties properties = new Properties();
        properties.putAll(config.texts());
        return UnifiedLog.create(
                directory.toFile(),
                new LogConfig(properties),
                logStartOffset,
                recoveryPoint,
                new Immediately(),
                new BrokerTopicStats(),
                time,
                60_000,
                producers,
                600_000,
                new LogDirFailureChannel(1),
                stop == Stop.CLEAN,
                Optional.of(new Uuid(1, 2)));
    }

    /** A clock that stands where the test's does. */
    static Time clock(LongSupplier nowMs) {
        return new Time() {
            @Override
            public long milliseconds() {
                return nowMs.getAsLong();
            }

            @Override
            public long nanoseconds() {
                return nowMs.getAsLong() * 1_000_000;
            }

            @Override
            public void sleep(long forMs) {
                throw new UnsupportedOperationException("nothing waits on this clock");
            }

            @Override
            public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {
                throw new UnsupportedOperationException("nothing waits on this clock");
            }
        };
    }

    /** Appends a copy of the bytes, as Kafka stamps its own. */
    static LogAppendInfo append(UnifiedLog log, ByteBuffer records, int epoch, AppendOrigin origin) throws IOException {
        ByteBuffer copy = ByteBuffer.allocate(records.remaining())
                .put(records.duplicate())
                .flip();
        short transactionVersion = 1;
        return log.appendAsLeader(
                MemoryRecords.readableRecords(copy),
                epoch,
                origin,
                RequestLocal.noCaching(),
                VerificationGuard.SENTINEL,
                transactionVersion);
    }

    /** Does what Kafka puts off at once, and never what it would do again and again. */
    static final class Immediately implements Scheduler {
        @Override
        public void startup() {}

        @Override
        public void shutdown() {}

        @Override
        public ScheduledFuture<?> schedule(String name, Runnable task, long delayMs, long periodMs) {
            if (periodMs < 0 && delayMs == 0) {
                task.run();
            }
            return new Done();
        }

        @Override
        public void resizeThreadPool(int size) {}
    }

    private static final class Done extends CompletableFuture<Void> implements ScheduledFuture<Void> {
        @Override
        public long getDelay(TimeUnit unit) {
            return 0;
        }

        @Override
        public int compareTo(Delayed other) {
            return 0;
        }
    }
}
