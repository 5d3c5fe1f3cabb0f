package ottla.coordinator.group;

/**
 * Where the answer to one request goes. It may be held for as long as the request waits, for other members or for the log, and is
 * answered once; a second answer is ignored. Called by the shard's owner thread.
 */
@FunctionalInterface
public interface Reply<A> {
    void answer(A answer);
}
