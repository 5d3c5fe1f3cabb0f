package ottla.log.io;

import ottla.wire.primitive.Payload;

/** What a log has for a reader. */
public sealed interface ReadResult {
    /** Whole batches, the first of which holds the offset or the next one there is; none if there is nothing yet, or not enough room. */
    record Batches(Payload records) implements ReadResult {}

    /** The bytes are on disk: to be {@link ColdRead#run run} on a thread that may wait for it, without the lock. */
    record Cold(ColdRead read) implements ReadResult {}

    /** There is no such offset (any more, or yet). */
    record OutOfRange(long logStartOffset, long logEndOffset) implements ReadResult {}
}
