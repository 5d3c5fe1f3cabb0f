package ottla.replication.machine;

/** Something asked of a machine. Runs on the machine's owner thread. */
@FunctionalInterface
public interface Command<R, A> {
    /** Decides on the latest state, which includes what is not yet committed, and changes no durable state. */
    Decision<R, A> decide(long nowMs);
}
