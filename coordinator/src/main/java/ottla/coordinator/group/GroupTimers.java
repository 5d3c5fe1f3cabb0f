package ottla.coordinator.group;

/** The clocks of the groups of one shard. A timer that runs out comes back as {@link GroupTimer} on the shard's owner thread. */
public interface GroupTimers {
    /** Sets a timer, in place of an equal one. */
    void schedule(GroupTimer timer, long nowMs, long delayMs);

    void cancel(GroupTimer timer);
}
