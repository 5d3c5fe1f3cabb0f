package ottla.replication.session;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.replication.session.FetchContext.Fetcher;
import ottla.replication.session.FetchContext.Names;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchRequest.FetchTopic;
import ottla.wire.message.FetchRequest.ForgottenTopic;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchResponse.FetchableTopicResponse;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.primitive.Payload;

/**
 * A bounded number of fetch sessions. A request is opened, which says what to fetch; its answer is closed, which leaves out what
 * the fetcher knows already.
 *
 * <p>When all slots are taken, a new session needs a victim: one that was not used for {@code evictionMs}, or else one that is
 * older than that and smaller, or a consumer's in favour of a follower's. Without a victim the fetcher gets no session and goes on
 * with full fetches.
 *
 * <p>Guarded by one lock of the shell's. Between open and close the lock is free: a fetcher that sends its next request too early
 * spoils its own epoch and nothing else.
 */
public final class FetchSessions {
    /** From this version on Fetch names topics by id. */
    private static final int TOPIC_ID_VERSION = 13;

    /** Sessions that may be taken away: consumers' first, small ones first. */
    private static final Comparator<FetchSession> WORTH = Comparator.comparing(FetchSession::fetcher)
            .thenComparingInt(FetchSession::rankedSize)
            .thenComparingInt(FetchSession::id);

    private final int slotCount;
    private final long evictionMs;
    private final int firstId;
    private final int endId;
    private final RandomGenerator random;

    private final Map<Integer, FetchSession> sessions = new HashMap<>();
    private final TreeSet<FetchSession> byLastUse =
            new TreeSet<>(Comparator.comparingLong(FetchSession::lastUsedMs).thenComparingInt(FetchSession::id));
    private final TreeSet<FetchSession> evictableByConsumers = new TreeSet<>(WORTH);
    private final TreeSet<FetchSession> evictableByFollowers = new TreeSet<>(WORTH);
    private long partitionCount;
    private long evictionCount;

    /** Sessions have ids from {@code firstId} to below {@code endId}. */
    public FetchSessions(int slotCount, long evictionMs, int firstId, int endId, RandomGenerator random) {
        Check.invariant(firstId > SessionEpoch.NO_SESSION, "session ids are positive", firstId, 1);
        Check.invariant((long) endId - firstId > 2L * slotCount, "more ids than sessions", endId, firstId);
        this.slotCount = slotCount;
        this.evictionMs = evictionMs;
        this.firstId = firstId;
        this.endId = endId;
        this.random = random;
    }

    public int size() {
        return sessions.size();
    }

    /** The partitions of all sessions. */
    public long partitionCount() {
        return partitionCount;
    }

    public long evictionCount() {
        return evictionCount;
    }

    /** Looks up or ends the request's session and says what is to be fetched. */
    public FetchContext open(FetchRequest request, int version, Fetcher fetcher, long nowMs) {
        Names names = version < TOPIC_ID_VERSION ? Names.TOPICS : Names.TOPIC_IDS;
        FetchSession session = sessions.get(request.sessionId());
        if (SessionEpoch.isFull(request.sessionEpoch())) {
            if (session != null) {
                remove(session);
            }
            List<SessionPartition> wanted = wanted(request, names);
            return request.sessionEpoch() == SessionEpoch.FINAL
                    ? new FetchContext.Sessionless(wanted)
                    : new FetchContext.Full(wanted, names, fetcher);
        }
        if (session == null) {
            return new FetchContext.Refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
        }
        if (session.epoch() != request.sessionEpoch()) {
            return new FetchContext.Refused(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
        }
        if (session.names() != names) {
            return new FetchContext.Refused(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
        }
        List<SessionPartition> named = wanted(request, names);
        named.forEach(session::want);
        forget(session, request, names);
        if (session.size() == 0) {
            remove(session);
            return new FetchContext.Sessionless(named);
        }
        touch(session, nowMs);
        session.advance();
        return new FetchContext.Incremental(session.wanted(), session, session.epoch());
    }

    /**
     * Composes the answer. {@code answers} has one element for each of the context's partitions, in their order; the payloads of
     * those that are left out are released.
     */
    public FetchResponse close(FetchContext context, List<PartitionData> answers, long nowMs) {
        Check.invariant(
                answers.size() == context.partitions().size(),
                "one answer per partition",
                answers.size(),
                context.partitions().size());
        return switch (context) {
            case FetchContext.Refused refused -> refusal(refused.error(), SessionEpoch.NO_SESSION);
            case FetchContext.Sessionless sessionless ->
                compose(sessionless.partitions(), answers, SessionEpoch.NO_SESSION);
            case FetchContext.Full full -> compose(full.partitions(), answers, create(full, answers, nowMs));
            case FetchContext.Incremental incremental -> closeIncremental(incremental, answers);
        };
    }

    /** The answer to a fetcher that is throttled: nothing, but its session goes on. */
    public FetchResponse closeThrottled(FetchContext context) {
        return switch (context) {
            case FetchContext.Refused refused -> refusal(refused.error(), SessionEpoch.NO_SESSION);
            case FetchContext.Incremental incremental ->
                incremental.session().epoch() == incremental.epoch()
                        ? refusal(ErrorCode.NONE, incremental.session().id())
                        : refusal(
                                ErrorCode.INVALID_FETCH_SESSION_EPOCH,
                                incremental.session().id());
            case FetchContext.Full full -> refusal(ErrorCode.NONE, SessionEpoch.NO_SESSION);
            case FetchContext.Sessionless sessionless -> refusal(ErrorCode.NONE, SessionEpoch.NO_SESSION);
        };
    }

    private FetchResponse closeIncremental(FetchContext.Incremental context, List<PartitionData> answers) {
        FetchSession session = context.session();
        if (session.epoch() != context.epoch()) {
            answers.forEach(FetchSessions::release);
            return refusal(ErrorCode.INVALID_FETCH_SESSION_EPOCH, session.id());
        }
        List<SessionPartition> told = new ArrayList<>();
        List<PartitionData> news = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            SessionPartition partition = context.partitions().get(i);
            PartitionData answer = answers.get(i);
            if (!session.holds(partition) || !partition.tell(answer)) {
                release(answer);
                continue;
            }
            told.add(partition);
            news.add(answer);
            if (SessionPartition.hasRecords(answer)) {
                session.moveToEnd(partition);
            }
        }
        return compose(told, news, session.id());
    }

    private static FetchResponse refusal(ErrorCode error, int sessionId) {
        return FetchResponse.DEFAULT.withErrorCode(error.code()).withSessionId(sessionId);
    }

    /** What was read comes before what is not known here, as in Kafka; neighbours of the same topic share its entry. */
    private static FetchResponse compose(List<SessionPartition> asked, List<PartitionData> answered, int sessionId) {
        List<SessionPartition> partitions = new ArrayList<>(asked.size());
        List<PartitionData> answers = new ArrayList<>(answered.size());
        for (Part part : Part.values()) {
            for (int i = 0; i < answered.size(); i++) {
                if (Part.of(answered.get(i)) == part) {
                    partitions.add(asked.get(i));
                    answers.add(answered.get(i));
                }
            }
        }
        List<FetchableTopicResponse> topics = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= answers.size(); i++) {
            if (i < answers.size() && sameTopic(partitions.get(i), partitions.get(from))) {
                continue;
            }
            SessionPartition first = partitions.get(from);
            topics.add(FetchableTopicResponse.DEFAULT
                    .withTopic(first.topic())
                    .withTopicId(first.topicId())
                    .withPartitions(List.copyOf(answers.subList(from, i))));
            from = i;
        }
        return FetchResponse.DEFAULT.withSessionId(sessionId).withResponses(topics);
    }

    /** The parts of an answer, in their order. */
    private enum Part {
        READ,
        UNKNOWN_ID,
        UNKNOWN;

        static Part of(PartitionData answer) {
            return switch (ErrorCode.of(answer.errorCode())) {
                case UNKNOWN_TOPIC_ID -> UNKNOWN_ID;
                case UNKNOWN_TOPIC_OR_PARTITION, INCONSISTENT_TOPIC_ID -> UNKNOWN;
                default -> READ;
            };
        }
    }

    private static boolean sameTopic(SessionPartition one, SessionPartition other) {
        return one.topic().equals(other.topic()) && one.topicId().equals(other.topicId());
    }

    private static void release(PartitionData answer) {
        Payload records = answer.records();
        if (records != null) {
            records.release();
        }
    }

    /** Who names a partition twice gets one answer, to what was asked last. */
    private static List<SessionPartition> wanted(FetchRequest request, Names names) {
        LinkedHashMap<SessionPartition.Key, SessionPartition> wanted = new LinkedHashMap<>();
        for (FetchTopic topic : request.topics()) {
            for (FetchPartition partition : topic.partitions()) {
                SessionPartition.Key key = key(names, topic.topic(), topic.topicId(), partition.partition());
                SessionPartition first = wanted.putIfAbsent(key, new SessionPartition(key, partition));
                if (first != null) {
                    first.ask(partition);
                }
            }
        }
        return new ArrayList<>(wanted.values());
    }

    private static void forget(FetchSession session, FetchRequest request, Names names) {
        for (ForgottenTopic topic : request.forgottenTopicsData()) {
            for (int partition : topic.partitions()) {
                session.forget(key(names, topic.topic(), topic.topicId(), partition));
            }
        }
    }

    private static SessionPartition.Key key(Names names, String topic, Uuid topicId, int partition) {
        return names == Names.TOPICS
                ? new SessionPartition.Key(topic, Uuid.ZERO, partition)
                : new SessionPartition.Key("", topicId, partition);
    }

    private int create(FetchContext.Full full, List<PartitionData> answers, long nowMs) {
        List<SessionPartition> partitions = full.partitions();
        if (sessions.size() >= slotCount && !evict(full.fetcher(), partitions.size(), nowMs)) {
            return SessionEpoch.NO_SESSION;
        }
        for (int i = 0; i < answers.size(); i++) {
            partitions.get(i).told(answers.get(i));
        }
        FetchSession session = new FetchSession(freeId(), full.names(), full.fetcher(), nowMs, partitions);
        sessions.put(session.id(), session);
        rank(session, nowMs);
        return session.id();
    }

    private int freeId() {
        while (true) {
            int id = random.nextInt(firstId, endId);
            if (!sessions.containsKey(id)) {
                return id;
            }
        }
    }

    private boolean evict(Fetcher fetcher, int size, long nowMs) {
        if (byLastUse.isEmpty()) {
            return false;
        }
        FetchSession stalest = byLastUse.first();
        if (nowMs - stalest.lastUsedMs() > evictionMs) {
            evict(stalest);
            return true;
        }
        TreeSet<FetchSession> candidates = fetcher == Fetcher.FOLLOWER ? evictableByFollowers : evictableByConsumers;
        if (candidates.isEmpty()) {
            return false;
        }
        FetchSession least = candidates.first();
        int byFetcher = least.fetcher().compareTo(fetcher);
        if (byFetcher > 0 || (byFetcher == 0 && least.rankedSize() >= size)) {
            return false;
        }
        evict(least);
        return true;
    }

    private void evict(FetchSession session) {
        remove(session);
        evictionCount++;
    }

    private void touch(FetchSession session, long nowMs) {
        boolean mayRank = nowMs - session.createdMs() > evictionMs && !evictableByConsumers.contains(session);
        if (session.lastUsedMs() == nowMs && session.rankedSize() == session.size() && !mayRank) {
            return;
        }
        unrank(session);
        rank(session, nowMs);
    }

    private void rank(FetchSession session, long nowMs) {
        session.rank(nowMs);
        partitionCount += session.rankedSize();
        byLastUse.add(session);
        boolean old = nowMs - session.createdMs() > evictionMs;
        if (old || session.fetcher() == Fetcher.CONSUMER) {
            evictableByFollowers.add(session);
        }
        if (old) {
            evictableByConsumers.add(session);
        }
    }

    private void unrank(FetchSession session) {
        byLastUse.remove(session);
        evictableByFollowers.remove(session);
        evictableByConsumers.remove(session);
        partitionCount -= session.rankedSize();
    }

    private void remove(FetchSession session) {
        unrank(session);
        sessions.remove(session.id());
    }
}
