package ottla.replication.io;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToLongFunction;
import java.util.random.RandomGenerator;
import ottla.replication.session.FetchContext;
import ottla.replication.session.FetchContext.Fetcher;
import ottla.replication.session.FetchSessions;
import ottla.replication.session.SessionEpoch;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchResponse.PartitionData;

/**
 * The broker's fetch sessions, in shards with a lock each, so that event loops do not meet on one lock. Any thread; the locks are
 * held for the look-up and for composing the answer, never while reading a log. Lives as long as the broker.
 */
public final class FetchSessionCache {
    /** Event loops are about as many as processors; more shards would only make the slots per shard few. */
    private static final int SHARD_COUNT = 8;

    private static final int IDS_PER_SHARD = Integer.MAX_VALUE / SHARD_COUNT;

    private final List<FetchSessions> shards = new ArrayList<>();
    private final AtomicInteger nextShard = new AtomicInteger();

    /** An opened request: to be closed with the same cache. */
    public static final class Opened {
        private final FetchSessions shard;
        private final FetchContext context;

        Opened(FetchSessions shard, FetchContext context) {
            this.shard = shard;
            this.context = context;
        }

        public FetchContext context() {
            return context;
        }
    }

    /**
     * @param slotCount {@code max.incremental.fetch.session.cache.slots}
     * @param evictionMs {@code min.incremental.fetch.session.eviction.ms}
     */
    public FetchSessionCache(int slotCount, long evictionMs, RandomGenerator random) {
        for (int shard = 0; shard < SHARD_COUNT; shard++) {
            int firstId = Math.max(1, shard * IDS_PER_SHARD);
            shards.add(new FetchSessions(
                    slotCount / SHARD_COUNT, evictionMs, firstId, (shard + 1) * IDS_PER_SHARD, random));
        }
    }

    /** See {@link FetchSessions#open}. */
    public Opened open(FetchRequest request, int version, Fetcher fetcher, long nowMs) {
        FetchSessions shard = request.sessionId() > SessionEpoch.NO_SESSION
                ? shards.get(Math.min(request.sessionId() / IDS_PER_SHARD, SHARD_COUNT - 1))
                : shards.get(Math.floorMod(nextShard.getAndIncrement(), SHARD_COUNT));
        synchronized (shard) {
            return new Opened(shard, shard.open(request, version, fetcher, nowMs));
        }
    }

    /** See {@link FetchSessions#close}. */
    public FetchResponse close(Opened opened, List<PartitionData> answers, long nowMs) {
        synchronized (opened.shard) {
            return opened.shard.close(opened.context, answers, nowMs);
        }
    }

    public int size() {
        return (int) sum(FetchSessions::size);
    }

    public long partitionCount() {
        return sum(FetchSessions::partitionCount);
    }

    public long evictionCount() {
        return sum(FetchSessions::evictionCount);
    }

    private long sum(ToLongFunction<FetchSessions> what) {
        long sum = 0;
        for (FetchSessions shard : shards) {
            synchronized (shard) {
                sum += what.applyAsLong(shard);
            }
        }
        return sum;
    }
}
