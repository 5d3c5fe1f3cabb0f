package ottla.log;

/** What {@code cleanup.policy} can ask for, alone or together. */
public enum CleanupPolicy {
    DELETE,
    COMPACT
}
