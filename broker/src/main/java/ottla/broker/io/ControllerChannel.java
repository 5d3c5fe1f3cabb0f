package ottla.broker.io;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import ottla.replication.io.LeaderLink;
import ottla.replication.quorum.Endpoint;
import ottla.replication.quorum.Leadership;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * The way to the active controller, wherever it is: each request goes to whoever leads the quorum when it is sent. What is under
 * way when another epoch begins fails at once, since the old leader may be silent for long.
 *
 * <p>Safe for use by several threads. Lives as long as the node.
 */
final class ControllerChannel implements AutoCloseable {
    private final Supplier<Leadership> leadership;
    private final Function<Leadership, Optional<Endpoint>> address;
    private final Function<Endpoint, LeaderLink> connect;

    // Guarded by this.
    private @Nullable Way way;
    private boolean closed;

    private record Way(int epoch, Endpoint endpoint, LeaderLink link) {}

    /**
     * @param leadership what this node knows of the quorum's leader
     * @param address where that leader answers, if anybody leads
     */
    ControllerChannel(
            Supplier<Leadership> leadership,
            Function<Leadership, Optional<Endpoint>> address,
            Function<Endpoint, LeaderLink> connect) {
        this.leadership = leadership;
        this.address = address;
        this.connect = connect;
    }

    /** Sends a request once; fails if there is no answer, and at once if nobody is known to lead. */
    CompletionStage<Response> send(Request request, long timeoutMs) {
        Leadership known = leadership.get();
        Optional<Endpoint> to = address.apply(known);
        if (to.isEmpty()) {
            return CompletableFuture.failedStage(new IllegalStateException("the active controller is not known"));
        }
        LeaderLink link;
        @Nullable LeaderLink outdated = null;
        synchronized (this) {
            Way present = way;
            if (closed) {
                return CompletableFuture.failedStage(new IllegalStateException("this node is about to end"));
            }
            if (present == null
                    || present.epoch < known.epoch()
                    || (present.epoch == known.epoch() && !present.endpoint.equals(to.get()))) {
                outdated = present == null ? null : present.link;
                present = new Way(known.epoch(), to.get(), connect.apply(to.get()));
                way = present;
            }
            link = present.link;
        }
        if (outdated != null) {
            outdated.close();
        }
        return link.send(request, timeoutMs);
    }

    /** A new epoch has begun: the leader of an older one answers nothing that matters. */
    void epochBegun(int epoch) {
        @Nullable LeaderLink outdated = null;
        synchronized (this) {
            Way present = way;
            if (present != null && present.epoch < epoch) {
                outdated = present.link;
                way = null;
            }
        }
        if (outdated != null) {
            outdated.close();
        }
    }

    @Override
    public void close() {
        @Nullable Way last;
        synchronized (this) {
            closed = true;
            last = way;
            way = null;
        }
        if (last != null) {
            last.link.close();
        }
    }
}
