package ottla.broker.io;

import ottla.broker.config.Values;
import ottla.log.io.LogStore;
import ottla.replication.io.Replicas;

/** What a broker does from time to time with all its replicas, on the disk threads. */
final class Housekeeping {
    /** Opening a file again costs some ten microseconds: nobody notices that once a minute. */
    private static final long IDLE_FILES_MS = 60_000;

    private Housekeeping() {}

    static void start(Threads threads, Replicas replicas, LogStore store, Values values) {
        long initialMs = values.longNumber("log.initial.task.delay.ms");
        threads.every(initialMs, values.longNumber("log.retention.check.interval.ms"), replicas::retain);
        long watermarksMs = values.longNumber("replica.high.watermark.checkpoint.interval.ms");
        threads.every(watermarksMs, watermarksMs, replicas::saveHighWatermarks);
        // Kafka allows 0 here; once a millisecond is as often as anybody can want
        long recoveryMs = Math.max(1, values.number("log.flush.offset.checkpoint.interval.ms"));
        threads.every(initialMs, recoveryMs, store::saveRecoveryPoints);
        long startsMs = Math.max(1, values.number("log.flush.start.offset.checkpoint.interval.ms"));
        threads.every(initialMs, startsMs, store::saveLogStartOffsets);
        // with Kafka's default this is for ever: flush.ms then has no effect, there as here
        threads.every(initialMs, values.longNumber("log.flush.scheduler.interval.ms"), replicas::flushOld);
        long producersMs = values.number("producer.id.expiration.check.interval.ms");
        threads.every(producersMs, producersMs, replicas::expireProducers);
        long laggardsMs = Math.max(1, values.longNumber("replica.lag.time.max.ms") / 2);
        threads.every(laggardsMs, laggardsMs, replicas::dropLaggards);
        threads.every(IDLE_FILES_MS, IDLE_FILES_MS, store::closeIdleFiles);
    }
}
