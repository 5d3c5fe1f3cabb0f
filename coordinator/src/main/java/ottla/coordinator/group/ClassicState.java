package ottla.coordinator.group;

/**
 * The states of a classic group.
 *
 * <pre>
 *            join                    all joined, or timeout
 *   EMPTY ---------> PREPARING_REBALANCE ---------> COMPLETING_REBALANCE
 *     ^                |          ^   ^                 |          |
 *     |   all have left|          |   |  join, leave,   |          | the leader's assignment
 *     +----------------+          |   +--- timeout -----+          | is committed
 *                                 |                                v
 *                                 +------ join, leave, timeout -- STABLE
 *
 *   every state ----> DEAD   deleted, or its shard has moved away
 * </pre>
 */
public enum ClassicState {
    /** No members; committed offsets may remain. */
    EMPTY("Empty"),
    /** Members are being gathered for the next generation. */
    PREPARING_REBALANCE("PreparingRebalance"),
    /** The generation is known and its leader computes the assignment. */
    COMPLETING_REBALANCE("CompletingRebalance"),
    /** Every member has its assignment or can fetch it. */
    STABLE("Stable"),
    /** No longer known here. */
    DEAD("Dead");

    private final String text;

    ClassicState(String text) {
        this.text = text;
    }

    /** As the protocol shows it. */
    public String text() {
        return text;
    }

    boolean canRebalance() {
        return this == EMPTY || this == COMPLETING_REBALANCE || this == STABLE;
    }

    boolean canFollow(ClassicState before) {
        return switch (this) {
            case EMPTY -> before == PREPARING_REBALANCE;
            case PREPARING_REBALANCE -> before.canRebalance();
            case COMPLETING_REBALANCE -> before == PREPARING_REBALANCE;
            case STABLE -> before == COMPLETING_REBALANCE;
            case DEAD -> true;
        };
    }
}
