package ottla.log.producer;

import ottla.base.ErrorCode;

/** What a partition says to a producer's batch. */
public sealed interface Verdict {
    /** The one value of {@link Accepted}: the usual case costs no object. */
    Verdict ACCEPTED = new Accepted();

    /** It is the next one. */
    record Accepted() implements Verdict {}

    /** It is already in the log, at these offsets. */
    record Duplicate(long baseOffset, long lastOffset, long timestampMs) implements Verdict {}

    /** It is not to be written. */
    record Refused(ErrorCode error, String message) implements Verdict {}
}
