package ottla.controller.quota;

/** What a decision may change: the number of partitions that it creates or deletes is counted before it does (KIP-599). */
@FunctionalInterface
public interface MutationQuota {
    /** For what nobody counts. */
    MutationQuota UNLIMITED = partitionCount -> true;

    /** Counts partitions that are about to be created or deleted. If they may not be, nothing is counted. */
    boolean admits(int partitionCount);
}
