package ottla.replication.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchRequest.FetchTopic;
import ottla.wire.message.FetchRequest.ForgottenTopic;
import ottla.wire.message.FetchResponse;

/**
 * The fetcher's side of a session (KIP-227): what it wants of one leader, and what of that the leader has still to be told. Topics are
 * named by their ids (KIP-516).
 *
 * <pre>
 *   NONE -- answered with an id --> OPEN -- each request names what has changed
 *    ^                               |
 *    +-- refused, lost, evicted -----+      the next request names everything
 * </pre>
 *
 * <p>Owned by the fetcher's thread. At most one request is under way.
 */
public final class FetcherSession {
    private final Map<FetchedPartition, FetchPartition> wanted = new LinkedHashMap<>();
    private final Set<FetchedPartition> untold = new LinkedHashSet<>();
    private final Set<FetchedPartition> forgotten = new LinkedHashSet<>();
    private int id = SessionEpoch.NO_SESSION;
    private int epoch = SessionEpoch.INITIAL;

    /** Wants a partition, or wants it from elsewhere. */
    public void want(FetchedPartition key, FetchPartition partition) {
        if (!partition.equals(wanted.put(key, partition))) {
            untold.add(key);
        }
        forgotten.remove(key);
    }

    /** Does not want a partition any more. */
    public void forget(FetchedPartition key) {
        if (wanted.remove(key) != null) {
            untold.remove(key);
            forgotten.add(key);
        }
    }

    /** What is wanted of a partition. */
    public Optional<FetchPartition> wanted(FetchedPartition key) {
        return Optional.ofNullable(wanted.get(key));
    }

    public boolean isEmpty() {
        return wanted.isEmpty();
    }

    /** The next request: the given one with this session and its partitions. */
    public FetchRequest next(FetchRequest terms) {
        boolean full = SessionEpoch.isFull(epoch);
        List<FetchTopic> topics = topics(full ? wanted.keySet() : untold);
        List<ForgottenTopic> left = full ? List.of() : forgottenTopics();
        untold.clear();
        forgotten.clear();
        return terms.withSessionId(id)
                .withSessionEpoch(epoch)
                .withTopics(topics)
                .withForgottenTopicsData(left);
    }

    /** Takes in what the answer says of the session. If it is an error, there is nothing else in it. */
    public void answered(FetchResponse response) {
        ErrorCode error = ErrorCode.of(response.errorCode());
        if (error != ErrorCode.NONE) {
            if (error == ErrorCode.FETCH_SESSION_ID_NOT_FOUND) {
                id = SessionEpoch.NO_SESSION;
            }
            epoch = SessionEpoch.INITIAL;
        } else if (response.sessionId() == SessionEpoch.NO_SESSION) {
            id = SessionEpoch.NO_SESSION;
            epoch = SessionEpoch.INITIAL;
        } else {
            id = response.sessionId();
            epoch = SessionEpoch.next(epoch);
        }
    }

    /** Nobody knows whether the last request was taken in: the next one closes the session, should it be there, and asks for another. */
    public void lost() {
        epoch = SessionEpoch.INITIAL;
    }

    private List<FetchTopic> topics(Set<FetchedPartition> keys) {
        Map<Uuid, List<FetchPartition>> byTopic = new LinkedHashMap<>();
        for (FetchedPartition key : keys) {
            wanted(key)
                    .ifPresent(partition -> byTopic.computeIfAbsent(key.topicId(), topic -> new ArrayList<>())
                            .add(partition));
        }
        List<FetchTopic> topics = new ArrayList<>(byTopic.size());
        byTopic.forEach((topic, partitions) ->
                topics.add(FetchTopic.DEFAULT.withTopicId(topic).withPartitions(partitions)));
        return topics;
    }

    private List<ForgottenTopic> forgottenTopics() {
        Map<Uuid, List<Integer>> byTopic = new LinkedHashMap<>();
        forgotten.forEach(key -> byTopic.computeIfAbsent(key.topicId(), topic -> new ArrayList<>())
                .add(key.partition()));
        List<ForgottenTopic> topics = new ArrayList<>(byTopic.size());
        byTopic.forEach((topic, partitions) -> topics.add(new ForgottenTopic("", topic, partitions)));
        return topics;
    }
}
