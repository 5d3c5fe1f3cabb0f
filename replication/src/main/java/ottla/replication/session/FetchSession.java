package ottla.replication.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import ottla.replication.session.FetchContext.Fetcher;
import ottla.replication.session.FetchContext.Names;

/** One fetcher's session. Changed only by {@link FetchSessions}, under the lock that guards those. */
public final class FetchSession {
    private final int id;
    private final Names names;
    private final Fetcher fetcher;
    private final long createdMs;
    private final LinkedHashMap<SessionPartition.Key, SessionPartition> partitions;

    private int epoch = SessionEpoch.next(SessionEpoch.INITIAL);
    private long lastUsedMs;
    private int rankedSize;

    FetchSession(int id, Names names, Fetcher fetcher, long nowMs, List<SessionPartition> wanted) {
        this.id = id;
        this.names = names;
        this.fetcher = fetcher;
        this.createdMs = nowMs;
        this.partitions = LinkedHashMap.newLinkedHashMap(wanted.size());
        wanted.forEach(partition -> partitions.put(partition.key(), partition));
    }

    public int id() {
        return id;
    }

    Names names() {
        return names;
    }

    Fetcher fetcher() {
        return fetcher;
    }

    int epoch() {
        return epoch;
    }

    void advance() {
        epoch = SessionEpoch.next(epoch);
    }

    int size() {
        return partitions.size();
    }

    long createdMs() {
        return createdMs;
    }

    long lastUsedMs() {
        return lastUsedMs;
    }

    /** The size under which the session stands in the order of eviction. */
    int rankedSize() {
        return rankedSize;
    }

    void rank(long usedMs) {
        lastUsedMs = usedMs;
        rankedSize = partitions.size();
    }

    List<SessionPartition> wanted() {
        return new ArrayList<>(partitions.values());
    }

    /** Adds a partition, or changes what is asked of it. */
    void want(SessionPartition partition) {
        SessionPartition known = partitions.putIfAbsent(partition.key(), partition);
        if (known != null) {
            known.ask(partition.asked());
        }
    }

    void forget(SessionPartition.Key key) {
        partitions.remove(key);
    }

    boolean holds(SessionPartition partition) {
        return partitions.get(partition.key()) == partition;
    }

    /** Whoever got records now is read last next time, so that a full answer does not starve the others. */
    void moveToEnd(SessionPartition partition) {
        partitions.remove(partition.key());
        partitions.put(partition.key(), partition);
    }
}
