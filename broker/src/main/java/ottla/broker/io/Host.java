package ottla.broker.io;

import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import ottla.log.io.LogShell;
import ottla.replication.io.LeaderLink;
import ottla.replication.io.MachineDrive;
import ottla.replication.io.QuorumListener;
import ottla.replication.io.QuorumNode;
import ottla.replication.io.QuorumSettings;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.Loop;

/**
 * What a node runs on: clocks, chance, threads, and the ways to others. A process has its own; a simulation has one thread for the
 * nodes of a whole cluster.
 *
 * <p>What it hands out is closed by whoever asked for it, before the host.
 */
interface Host extends AutoCloseable {
    /** The time of day. */
    InstantSource clock();

    /** A clock that never goes back, in milliseconds from any origin. */
    LongSupplier ticksMs();

    RandomGenerator random();

    Threads threads(String name, int count);

    MachineDrive machine(String name);

    /** One of the loops that serve the network; not the same each time. */
    Loop loop();

    /** Runs something that waits. */
    void aside(String name, Runnable task);

    /** Starts this node's part in the quorum; see {@link QuorumNode#start}. */
    QuorumNode quorum(
            QuorumSettings settings, LogShell disk, List<QuorumListener> listeners, Consumer<Throwable> fault);

    /** A way to a controller. */
    LeaderLink toController(Endpoint endpoint);

    /** A way to a broker whose partitions are followed here, on one of the loops; who gets an answer releases its payloads. */
    LeaderLink toLeader(Endpoint endpoint, Loop loop);

    /** What a connection to somewhere comes to, on any thread. */
    CompletionStage<Knock> knock(Endpoint endpoint);

    /** What is behind an address. */
    enum Knock {
        /** Somebody listens. */
        OPEN,
        /** The machine is there, and nobody listens. */
        REFUSED,
        /** Nothing can be said. */
        NO_ANSWER
    }

    Doors doors();

    @Override
    void close();
}
