package ottla.coordinator.group;

/** What a group may wait for. Equal timers replace each other. */
public sealed interface GroupTimer {
    String groupId();

    /** No heartbeat from a member, or no second join from a client that was given its member id. */
    record Session(String groupId, String memberId) implements GroupTimer {}

    /** The join phase of a rebalance. */
    record Join(String groupId) implements GroupTimer {}

    /** Members that joined and have not asked for their assignment. */
    record Sync(String groupId) implements GroupTimer {}
}
