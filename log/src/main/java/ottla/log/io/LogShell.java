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
        long producerIdExpirationMs) {}
