package ottla.replication.partition;

/** What this broker is to a partition in the current leader epoch. */
public enum Role {
    LEADER,
    FOLLOWER,
    /** There is no leader, or none known yet. */
    LEADERLESS
}
