package ottla.log.producer;

import ottla.base.ErrorCode;

/** Whether the coordinator has to be asked before a transactional batch is appended. */
public sealed interface VerificationStart {
    /** It has to be, and the guard goes with the batch when it agrees. */
    record Wanted(VerificationGuard guard) implements VerificationStart {}

    /** The transaction has begun in this partition already. */
    record NotWanted() implements VerificationStart {}

    record Refused(ErrorCode error, String message) implements VerificationStart {}
}
