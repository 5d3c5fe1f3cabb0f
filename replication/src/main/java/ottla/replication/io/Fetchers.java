package ottla.replication.io;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import ottla.replication.quorum.Endpoint;
import ottla.replication.session.FetchedPartition;
import ottla.wire.io.Loop;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * The {@link Fetcher}s of a broker: {@code num.replica.fetchers} for each leader that it follows, made when they are needed and ended
 * when they are not.
 *
 * <p>Safe for use by several threads, and none of the methods waits. Lives as long as the broker.
 */
public final class Fetchers implements AutoCloseable {
    private final Settings settings;
    private final ReplicaShell shell;
    private final Supplier<Loop> loops;
    private final LongSupplier brokerEpoch;
    private final Connector connector;
    private volatile IntFunction<Optional<Endpoint>> addresses = broker -> Optional.empty();

    // Guarded by this.
    private final Map<Place, Running> running = new HashMap<>();
    private final Map<FetchedPartition, Followed> followed = new HashMap<>();
    private int perLeader;
    private boolean closed;

    /**
     * @param perLeader {@code num.replica.fetchers} at first; see {@link #resize}
     * @param waitMaxMs {@code replica.fetch.wait.max.ms}: how long a leader that has nothing new lets a fetch wait
     * @param minBytes {@code replica.fetch.min.bytes}
     * @param partitionMaxBytes {@code replica.fetch.max.bytes}
     * @param responseMaxBytes {@code replica.fetch.response.max.bytes}
     * @param backoffMs {@code replica.fetch.backoff.ms}: the longest pause after an error
     * @param requestTimeoutMs {@code replica.socket.timeout.ms}
     */
    public record Settings(
            int perLeader,
            int waitMaxMs,
            int minBytes,
            int partitionMaxBytes,
            int responseMaxBytes,
            long backoffMs,
            long requestTimeoutMs) {
        /** Without a pause at all, a leader that is away would keep a loop busy. */
        private static final long BACKOFF_LEAST_MS = 20;

        public Settings {
            backoffMs = Math.max(BACKOFF_LEAST_MS, backoffMs);
        }
    }

    /** Makes the way to an address for a fetcher that lives on a loop. What is sent on it is answered there. */
    public interface Connector {
        LeaderLink connect(Endpoint endpoint, Loop loop);
    }

    private record Place(int leaderId, int index) {}

    private record Followed(Replica replica, Place place, int leaderEpoch) {}

    private static final class Running {
        final Fetcher fetcher;
        final Way way;
        int partitions;

        Running(Fetcher fetcher, Way way) {
            this.fetcher = fetcher;
            this.way = way;
        }
    }

    /**
     * @param loops gives the loop on which a new fetcher is to run
     * @param brokerEpoch the epoch of this broker's registration
     */
    public Fetchers(
            Settings settings,
            ReplicaShell shell,
            Supplier<Loop> loops,
            LongSupplier brokerEpoch,
            Connector connector) {
        this.settings = settings;
        this.perLeader = settings.perLeader();
        this.shell = shell;
        this.loops = loops;
        this.brokerEpoch = brokerEpoch;
        this.connector = connector;
    }

    /** From now on brokers are found there, each on the listener between brokers; empty for those that are not there. */
    public void addresses(IntFunction<Optional<Endpoint>> next) {
        addresses = next;
    }

    /** Follows a leader in an epoch, and nobody else any more. */
    public synchronized void follow(Replica replica, int leaderId, int leaderEpoch) {
        if (closed) {
            return;
        }
        FetchedPartition key = Fetcher.key(replica);
        Place place = new Place(leaderId, Math.floorMod(key.hashCode(), perLeader));
        Followed before = followed.get(key);
        boolean same = before != null && before.place().equals(place) && before.replica() == replica;
        if (before != null && !same) {
            leave(before.replica());
        }
        Running to = running.computeIfAbsent(place, this::start);
        if (!same) {
            to.partitions++;
        }
        followed.put(key, new Followed(replica, place, leaderEpoch));
        to.fetcher.follow(replica, leaderEpoch);
    }

    /** From now on there are so many fetchers for each leader; each partition goes to the one that is to have it. */
    public synchronized void resize(int nextPerLeader) {
        if (nextPerLeader != perLeader) {
            perLeader = nextPerLeader;
            List.copyOf(followed.values())
                    .forEach(one -> follow(one.replica(), one.place().leaderId(), one.leaderEpoch()));
        }
    }

    /** Follows nobody. */
    public synchronized void leave(Replica replica) {
        FetchedPartition key = Fetcher.key(replica);
        Followed before = followed.get(key);
        if (before == null || before.replica() != replica) {
            return;
        }
        followed.remove(key);
        Running from = running.get(before.place());
        if (from == null) {
            return;
        }
        from.fetcher.leave(replica);
        from.partitions--;
        if (from.partitions == 0) {
            running.remove(before.place());
            end(from);
        }
    }

    private Running start(Place place) {
        Loop loop = loops.get();
        Way way = new Way(place.leaderId(), loop);
        return new Running(new Fetcher(way, settings, shell, loop), way);
    }

    private static void end(Running ended) {
        ended.fetcher.close();
        ended.way.close();
    }

    /** Ends all fetchers: nothing is appended by them when what their loops are doing now is done. */
    @Override
    public synchronized void close() {
        closed = true;
        running.values().forEach(Fetchers::end);
        running.clear();
        followed.clear();
    }

    /** The way to one leader, wherever it is. */
    private final class Way implements Fetcher.Leader, LeaderLink {
        private final int leaderId;
        private final Loop loop;

        // Guarded by this.
        private @Nullable Endpoint endpoint;
        private @Nullable LeaderLink link;
        private boolean ended;

        Way(int leaderId, Loop loop) {
            this.leaderId = leaderId;
            this.loop = loop;
        }

        @Override
        public int id() {
            return leaderId;
        }

        @Override
        public LeaderLink link() {
            return this;
        }

        @Override
        public long brokerEpoch() {
            return brokerEpoch.getAsLong();
        }

        @Override
        public CompletionStage<Response> send(Request request, long timeoutMs) {
            Optional<Endpoint> now = addresses.apply(leaderId);
            LeaderLink to;
            @Nullable LeaderLink outdated = null;
            synchronized (this) {
                if (ended || now.isEmpty()) {
                    return CompletableFuture.failedStage(
                            new IllegalStateException("broker " + leaderId + " is nowhere to be found"));
                }
                LeaderLink present = link;
                if (present == null || !now.get().equals(endpoint)) {
                    outdated = present;
                    present = connector.connect(now.get(), loop);
                    link = present;
                    endpoint = now.get();
                }
                to = present;
            }
            if (outdated != null) {
                outdated.close();
            }
            return to.send(request, timeoutMs);
        }

        @Override
        public void close() {
            @Nullable LeaderLink last;
            synchronized (this) {
                ended = true;
                last = link;
                link = null;
            }
            if (last != null) {
                last.close();
            }
        }
    }
}
