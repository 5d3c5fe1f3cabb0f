package ottla.replication.quorum;

import java.util.Optional;
import ottla.replication.quorum.Effect.Outgoing;

/**
 * What a follower does for its own place among the voters, once in a fetch timeout at most: a voter tells the leader when it stands in
 * the log otherwise than it is; a controller that is to join by itself removes the replica that it was before it lost its disk, and
 * adds itself (KIP-853, KIP-1186).
 *
 * <p>Begins anew with every leader; owned by the thread of its {@link Quorum}.
 */
final class Enrolment {
    private final QuorumMembership membership;
    private final Timeouts timeouts;
    private long dueMs;
    private Told leader = Told.NOT_YET;

    /** With {@code kraft.version} 0 each leader is told once, so that it can put the voters into the log. */
    private enum Told {
        NOT_YET,
        WHO_THIS_IS
    }

    Enrolment(QuorumMembership membership, Timeouts timeouts, long nowMs) {
        this.membership = membership;
        this.timeouts = timeouts;
        this.dueMs = nowMs + timeouts.fetchTimeoutMs();
    }

    /** What to send to the leader instead of a fetch, if anything. To be called when something can be sent. */
    Optional<Outgoing> due(int epoch, VoterHistory voters, long nowMs) {
        if (nowMs < dueMs) {
            return Optional.empty();
        }
        dueMs = nowMs + timeouts.fetchTimeoutMs();
        return voters.latest().contains(membership.self()) ? asVoter(epoch, voters) : asObserver(voters);
    }

    private Optional<Outgoing> asVoter(int epoch, VoterHistory voters) {
        Voter self = membership.asVoter();
        boolean tells = voters.kRaftVersion() > 0
                ? !voters.latest().find(self.id()).equals(Optional.of(self))
                : leader == Told.NOT_YET;
        return tells ? Optional.of(new Outgoing.UpdateVoter(epoch, self)) : Optional.empty();
    }

    private Optional<Outgoing> asObserver(VoterHistory voters) {
        if (voters.kRaftVersion() == 0 || membership.joining() == QuorumMembership.Joining.BY_REQUEST) {
            return Optional.empty();
        }
        Voter self = membership.asVoter();
        return Optional.of(voters.latest()
                .find(self.id())
                .<Outgoing>map(former -> new Outgoing.RemoveVoter(former.key()))
                .orElseGet(() -> new Outgoing.AddVoter(self, timeouts.requestTimeoutMs())));
    }

    /** The leader knows this voter now, or is too old to want to. */
    void told() {
        leader = Told.WHO_THIS_IS;
    }

    /** The leader took up a wish to join, or is busy with another: look again later. */
    void asked(long nowMs) {
        dueMs = nowMs + timeouts.fetchTimeoutMs();
    }

    /** When there may be something to send; never, if that time has come and only a free connection is missing. */
    long nextDeadlineMs(long nowMs) {
        return dueMs > nowMs ? dueMs : Long.MAX_VALUE;
    }
}
