package ottla.replication.io;

import java.util.Optional;
import java.util.function.BiFunction;
import ottla.base.TopicPartition;
import ottla.log.io.CleanableLog;
import ottla.log.io.Log;

/** A replica's log as the cleaner uses it: under the replica's lock, and up to the last stable offset. */
record CleanableReplica(Replica replica) implements CleanableLog {
    @Override
    public TopicPartition partition() {
        return replica.name();
    }

    @Override
    public <T> Optional<T> locked(BiFunction<Log, Long, T> deed) {
        return replica.withLog((log, state) -> deed.apply(log, state.stableOffset()));
    }
}
