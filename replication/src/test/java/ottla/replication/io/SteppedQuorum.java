package ottla.replication.io;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import ottla.log.io.LogShell;

/** A quorum's node without a thread, for those who have one thread for all. */
public final class SteppedQuorum {
    private final QuorumNode node;

    public SteppedQuorum(
            QuorumSettings settings,
            LogShell disk,
            QuorumPeers peers,
            LongSupplier ticksMs,
            List<QuorumListener> listeners,
            Consumer<Throwable> fault) {
        node = QuorumNode.stepped(settings, disk, peers, ticksMs, listeners, fault);
    }

    public QuorumNode node() {
        return node;
    }

    /** Whether {@link #turn} has something to do. */
    public boolean isDue() {
        return node.turns().isDue();
    }

    /** Does all that is to be done now; says whether the node goes on. */
    public boolean turn() {
        return node.turns().turn();
    }

    /** Before this time nothing is due, unless somebody asks for something. */
    public long nextDeadlineMs() {
        return node.turns().nextDeadlineMs();
    }
}
