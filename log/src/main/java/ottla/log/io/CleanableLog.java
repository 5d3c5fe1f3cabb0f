package ottla.log.io;

import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import ottla.base.TopicPartition;

/** A log as its cleaner knows it: through whoever holds its lock. Safe for use by several threads. */
public interface CleanableLog {
    TopicPartition partition();

    /**
     * Runs a deed under the log's lock, with the log and the offset below which everything is decided and replicated; empty if the
     * log is no longer in use. A {@link DiskFailure} takes the log offline, and the answer is empty, unless the disk is merely full.
     */
    <T> Optional<T> locked(BiFunction<Log, Long, T> deed);

    /** As the other, where the offset does not matter. */
    default <T> Optional<T> locked(Function<Log, T> deed) {
        return locked((log, stableOffset) -> deed.apply(log));
    }
}
