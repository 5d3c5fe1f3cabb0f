package ottla.replication.quorum;

import java.util.Optional;
import java.util.OptionalInt;

/** What a replica must never forget about an epoch, or it could vote twice or follow two leaders: the file {@code quorum-state}. */
public record Election(int epoch, OptionalInt leaderId, Optional<ReplicaKey> votedFor) {
    /** Before the first epoch. */
    public static final Election NONE = new Election(0, OptionalInt.empty(), Optional.empty());
}
