package ottla.log.io;

import java.time.InstantSource;
import java.util.random.RandomGenerator;

/**
 * What all logs on one disk share.
 *
 * @param producerIdExpirationMs {@code producer.id.expiration.ms}
 */
public record LogShell(
        Disk disk,
        OpenFiles files,
        TailCache tails,
        ReadBuffers buffers,
        Background background,
        InstantSource clock,
        RandomGenerator random,
        long producerIdExpirationMs,
        FullDisk full,
        RecoveryPoints recoveryPoints) {
    /** Of logs that are examined from elsewhere on than from where they were flushed to. */
    public LogShell(
            Disk disk,
            OpenFiles files,
            TailCache tails,
            ReadBuffers buffers,
            Background background,
            InstantSource clock,
            RandomGenerator random,
            long producerIdExpirationMs) {
        this(
                disk,
                files,
                tails,
                buffers,
                background,
                clock,
                random,
                producerIdExpirationMs,
                new FullDisk(disk),
                RecoveryPoints.NONE);
    }

    /** Something was not written because the disk has no room. */
    void refused(DiskFailure failure) {
        full.refused(clock.millis(), failure);
    }
}
