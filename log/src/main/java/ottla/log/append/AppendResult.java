package ottla.log.append;

import java.util.List;
import ottla.base.ErrorCode;

/** How an append ended. A refusal is a value, since a client can cause it. */
public sealed interface AppendResult {
    /**
     * The records are in the log.
     *
     * @param appendTimeMs the leader's time if that is what the topic's timestamps are, else -1
     */
    record Appended(long baseOffset, long lastOffset, long appendTimeMs, int sizeBytes) implements AppendResult {}

    /** The producer repeated a batch that is in the log already. */
    record AlreadyAppended(long baseOffset, long lastOffset, long timestampMs) implements AppendResult {}

    /** Nothing was written. */
    record Refused(ErrorCode error, String message, List<RecordError> recordErrors) implements AppendResult {
        public Refused {
            recordErrors = List.copyOf(recordErrors);
        }

        public static Refused of(ErrorCode error, String message) {
            return new Refused(error, message, List.of());
        }

        public static Refused of(Refusal refusal) {
            return new Refused(refusal.error(), refusal.message(), refusal.recordErrors());
        }
    }
}
