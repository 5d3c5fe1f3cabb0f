package ottla.log.io;

import ottla.base.TopicPartition;

/**
 * What is written down about how far logs are on disk, for the next start. It is written now and then, and so lags behind, which costs
 * the next start some time. It must never be ahead. Safe for use by several threads.
 */
public interface RecoveryPoints {
    /** Nothing is written down, or nobody goes by it. */
    RecoveryPoints NONE = (partition, offset) -> {};

    /**
     * To be called before a log is changed so that it is on disk only up to an offset: a start that believed more would take what comes
     * there next for whole, torn as it may be. Returns when no more is written down, durably. Most often nothing is to be done.
     */
    void lower(TopicPartition partition, long offset);
}
