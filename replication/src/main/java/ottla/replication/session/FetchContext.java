package ottla.replication.session;

import java.util.List;
import ottla.base.ErrorCode;

/**
 * What one Fetch request means once its session is looked up. Ends with {@link FetchSessions#close}, if it is not refused.
 */
public sealed interface FetchContext {
    /** What is to be fetched, in the order in which it is to be read: whoever got records last comes last. */
    List<SessionPartition> partitions();

    /** The session is unknown or does not fit: the answer is the error alone. */
    record Refused(ErrorCode error) implements FetchContext {
        @Override
        public List<SessionPartition> partitions() {
            return List.of();
        }
    }

    /** A fetch that names all it wants, with no session after it. */
    record Sessionless(List<SessionPartition> partitions) implements FetchContext {}

    /** A fetch that names all it wants and would like a session. */
    record Full(List<SessionPartition> partitions, Names names, Fetcher fetcher) implements FetchContext {}

    /** A fetch within a session. {@code epoch} is the session's after this request. */
    record Incremental(List<SessionPartition> partitions, FetchSession session, int epoch) implements FetchContext {}

    /** How a fetch names topics. */
    enum Names {
        /** Before version 13. */
        TOPICS,
        TOPIC_IDS
    }

    /** Who fetches. Followers may push consumers out of the cache, and not the other way round. */
    enum Fetcher {
        CONSUMER,
        FOLLOWER
    }
}
