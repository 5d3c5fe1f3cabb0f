package ottla.log.retain;

import java.util.OptionalLong;
import ottla.wire.record.BatchView;

/**
 * What a producer's state in a log rests on: its last batch of data, or, if it has none in its present epoch, the markers of that
 * epoch. Such a batch outlives its records, empty, so that the state can be made anew from the log.
 */
public record LastBatch(OptionalLong lastOffset, short epoch) {
    boolean is(BatchView batch) {
        return lastOffset.isPresent()
                ? lastOffset.getAsLong() == batch.lastOffset()
                : batch.isControl() && batch.producerEpoch() == epoch;
    }
}
