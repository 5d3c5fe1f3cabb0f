package ottla.replication.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.replication.session.FetchContext.Fetcher;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchRequest.FetchTopic;
import ottla.wire.message.FetchRequest.ForgottenTopic;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchResponse.EpochEndOffset;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.primitive.Payload;

class FetchSessionsTest {
    private static final long EVICTION_MS = 120_000;
    private static final Uuid A = new Uuid(1, 1);
    private static final Uuid B = new Uuid(2, 2);

    private FetchSessions sessions = withSlots(10);
    private long nowMs = 1_000;

    @Test
    void aFullFetchGetsASession() {
        FetchContext context = open(full(topic(A, 0, 1)));
        assertThat(context).isInstanceOf(FetchContext.Full.class);
        FetchResponse response = sessions.close(context, List.of(told(0, 5), told(1, 6)), nowMs);

        assertThat(response.sessionId()).isPositive();
        assertThat(response.errorCode()).isZero();
        assertThat(response.responses()).hasSize(1);
        assertThat(response.responses().getFirst().topicId()).isEqualTo(A);
        assertThat(response.responses().getFirst().partitions()).hasSize(2);
        assertThat(sessions.size()).isEqualTo(1);
        assertThat(sessions.partitionCount()).isEqualTo(2);
    }

    @Test
    void anIncrementalFetchIsAnsweredWithNewsOnly() {
        int id = create(topic(A, 0, 1));
        FetchContext context = open(next(id, 1));
        assertThat(keys(context)).containsExactly("A0", "A1");
        FetchResponse response = sessions.close(context, List.of(told(0, 0), told(1, 9)), nowMs);

        assertThat(response.sessionId()).isEqualTo(id);
        assertThat(partitions(response)).containsExactly(1);

        context = open(next(id, 2));
        assertThat(partitions(sessions.close(context, List.of(told(0, 0), told(1, 9)), nowMs)))
                .isEmpty();
    }

    @Test
    void everyKindOfNewsIsNews() {
        int id = create(topic(A, 0));
        assertThat(news(id, 1, told(0, 0))).isFalse();
        assertThat(news(id, 2, told(0, 0).withRecords(bytes(3)))).isTrue();
        assertThat(news(id, 3, told(0, 0).withLogStartOffset(1))).isTrue();
        assertThat(news(id, 4, told(0, 0).withLogStartOffset(1))).isFalse();
        assertThat(news(id, 5, told(0, 0).withLogStartOffset(1).withPreferredReadReplica(3)))
                .isTrue();
        assertThat(news(id, 6, told(0, 0).withLogStartOffset(1).withDivergingEpoch(new EpochEndOffset(2, 7))))
                .isTrue();
        assertThat(news(id, 7, told(0, 0).withLogStartOffset(1)))
                .as("who had to cut its log took nothing else from the answer")
                .isTrue();
        assertThat(news(id, 8, failed(0))).isTrue();
        assertThat(news(id, 9, failed(0))).as("an error is told every time").isTrue();
        assertThat(news(id, 10, told(0, 0).withLogStartOffset(1)))
                .as("so is the first good answer after it")
                .isTrue();
        assertThat(news(id, 11, told(0, 0).withLogStartOffset(1))).isFalse();
    }

    @Test
    void whatWasToldToWhoHadToCutItsLogFirstIsToldAgain() {
        FetchContext context = open(full(topic(A, 0)));
        int id = sessions.close(context, List.of(told(0, 9).withDivergingEpoch(new EpochEndOffset(2, 7))), nowMs)
                .sessionId();

        assertThat(news(id, 1, told(0, 9))).isTrue();
        assertThat(news(id, 2, told(0, 9))).isFalse();
    }

    @Test
    void whatWasToldInAnEarlierEpochIsToldAgain() {
        int id = create(topic(A, 0));
        assertThat(news(id, 1, told(0, 9))).isTrue();

        FetchContext context = open(next(id, 2)
                .withTopics(List.of(new FetchTopic("", A, List.of(asked(0, 0).withCurrentLeaderEpoch(1))))));

        assertThat(partitions(sessions.close(context, List.of(told(0, 9)), nowMs)))
                .containsExactly(0);
        assertThat(news(id, 3, told(0, 9))).isFalse();
    }

    @Test
    void whoGotRecordsIsReadLastNextTime() {
        int id = create(topic(A, 0, 1, 2));
        sessions.close(open(next(id, 1)), List.of(told(0, 1).withRecords(bytes(3)), told(1, 0), told(2, 0)), nowMs);

        assertThat(keys(open(next(id, 2)))).containsExactly("A1", "A2", "A0");
    }

    @Test
    void partitionsAreAddedChangedAndForgotten() {
        int id = create(topic(A, 0, 1));
        FetchContext context = open(next(id, 1)
                .withTopics(List.of(
                        new FetchTopic("", B, List.of(asked(7, 70))), new FetchTopic("", A, List.of(asked(1, 11)))))
                .withForgottenTopicsData(List.of(new ForgottenTopic("", A, List.of(0)))));

        assertThat(keys(context)).containsExactly("A1", "B7");
        assertThat(context.partitions().getFirst().asked().fetchOffset()).isEqualTo(11);
        assertThat(sessions.partitionCount()).isEqualTo(2);
    }

    @Test
    void aSessionThatForgetsEverythingEnds() {
        int id = create(topic(A, 0));
        FetchContext context =
                open(next(id, 1).withForgottenTopicsData(List.of(new ForgottenTopic("", A, List.of(0)))));

        assertThat(context).isInstanceOf(FetchContext.Sessionless.class);
        assertThat(context.partitions()).isEmpty();
        assertThat(sessions.size()).isZero();
        assertThat(sessions.close(context, List.of(), nowMs).sessionId()).isZero();
    }

    @Test
    void epochsMustFollowEachOther() {
        int id = create(topic(A, 0));

        assertThat(refusal(open(next(id, 2)))).isEqualTo(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
        assertThat(open(next(id, 1))).isInstanceOf(FetchContext.Incremental.class);
        assertThat(refusal(open(next(id, 1)))).isEqualTo(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
        assertThat(refusal(open(next(id + 1, 1)))).isEqualTo(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
        FetchContext refused = open(next(id + 1, 1));
        FetchResponse response = sessions.close(refused, List.of(), nowMs);
        assertThat(response.errorCode()).isEqualTo(ErrorCode.FETCH_SESSION_ID_NOT_FOUND.code());
        assertThat(response.sessionId()).isZero();
    }

    @Test
    void epochsGoOnFromOne() {
        assertThat(SessionEpoch.next(SessionEpoch.INITIAL)).isEqualTo(1);
        assertThat(SessionEpoch.next(Integer.MAX_VALUE)).isEqualTo(1);
        assertThat(SessionEpoch.next(SessionEpoch.FINAL)).isEqualTo(SessionEpoch.FINAL);
    }

    @Test
    void aRequestThatCameTooEarlySpoilsTheOneBefore() {
        int id = create(topic(A, 0));
        FetchContext first = open(next(id, 1));
        FetchContext second = open(next(id, 2));
        AtomicInteger released = new AtomicInteger();
        FetchResponse spoilt = sessions.close(first, List.of(told(0, 1).withRecords(counted(released))), nowMs);

        assertThat(spoilt.errorCode()).isEqualTo(ErrorCode.INVALID_FETCH_SESSION_EPOCH.code());
        assertThat(released).hasValue(1);
        assertThat(sessions.close(second, List.of(told(0, 1)), nowMs).errorCode())
                .isZero();
    }

    @Test
    void aSessionKeepsToOneWayOfNamingTopics() {
        int id = create(topic(A, 0));

        assertThat(refusal(sessions.open(next(id, 1), 12, Fetcher.CONSUMER, nowMs)))
                .isEqualTo(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
    }

    @Test
    void namesTopicsByNameInOldVersions() {
        FetchRequest request = FetchRequest.DEFAULT
                .withSessionId(0)
                .withSessionEpoch(SessionEpoch.INITIAL)
                .withTopics(List.of(new FetchTopic("old", Uuid.ZERO, List.of(asked(0, 0)))));
        FetchContext context = sessions.open(request, 12, Fetcher.CONSUMER, nowMs);
        int id = sessions.close(context, List.of(told(0, 0)), nowMs).sessionId();
        context = sessions.open(
                next(id, 1).withForgottenTopicsData(List.of(new ForgottenTopic("other", Uuid.ZERO, List.of(0)))),
                12,
                Fetcher.CONSUMER,
                nowMs);

        assertThat(context.partitions()).hasSize(1);
        assertThat(context.partitions().getFirst().topic()).isEqualTo("old");
        FetchResponse response = sessions.close(context, List.of(told(0, 4)), nowMs);
        assertThat(response.responses().getFirst().topic()).isEqualTo("old");
    }

    @Test
    void aFinalFetchEndsTheSession() {
        int id = create(topic(A, 0));
        FetchContext context = open(full(topic(A, 0)).withSessionId(id).withSessionEpoch(SessionEpoch.FINAL));
        assertThat(context).isInstanceOf(FetchContext.Sessionless.class);
        assertThat(sessions.size()).isZero();
        assertThat(sessions.close(context, List.of(told(0, 3)), nowMs).sessionId())
                .isZero();
    }

    @Test
    void aNewFullFetchReplacesItsSession() {
        int id = create(topic(A, 0));
        FetchContext context = open(full(topic(A, 0)).withSessionId(id));
        assertThat(sessions.size()).isZero();
        int next = sessions.close(context, List.of(told(0, 3)), nowMs).sessionId();

        assertThat(next).isPositive();
        assertThat(refusal(open(next(id, 1)))).isEqualTo(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    }

    @Test
    void aPartitionNamedTwiceIsOnePartition() {
        FetchContext context = open(full(new FetchTopic("", A, List.of(asked(0, 1), asked(1, 2), asked(0, 3)))));

        assertThat(keys(context)).containsExactly("A0", "A1");
        assertThat(context.partitions().getFirst().asked().fetchOffset()).isEqualTo(3);
    }

    @Test
    void aThrottledFetchKeepsItsSession() {
        int id = create(topic(A, 0));
        FetchResponse response = sessions.closeThrottled(open(next(id, 1)));

        assertThat(response.sessionId()).isEqualTo(id);
        assertThat(response.responses()).isEmpty();
        assertThat(open(next(id, 2))).isInstanceOf(FetchContext.Incremental.class);
    }

    // ---- eviction

    @Test
    void withoutAVictimThereIsNoSession() {
        sessions = withSlots(2);
        int first = create(topic(A, 0));
        create(topic(A, 0, 1));
        nowMs += EVICTION_MS;

        assertThat(create(topic(A, 0, 1, 2))).as("too young to go").isZero();
        assertThat(open(next(first, 1))).isInstanceOf(FetchContext.Incremental.class);
    }

    @Test
    void anUnusedSessionGoesFirst() {
        sessions = withSlots(2);
        int used = create(topic(A, 0));
        int unused = create(topic(A, 0, 1, 2));
        nowMs += EVICTION_MS;
        sessions.close(open(next(used, 1)), List.of(told(0, 0)), nowMs);
        nowMs += 1;

        assertThat(create(topic(A, 0))).isPositive();
        assertThat(refusal(open(next(unused, 1)))).isEqualTo(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
        assertThat(open(next(used, 2))).isInstanceOf(FetchContext.Incremental.class);
        assertThat(sessions.evictionCount()).isEqualTo(1);
    }

    @Test
    void anOldSessionYieldsToALargerOneOnly() {
        sessions = withSlots(2);
        int small = create(topic(A, 0));
        int large = create(topic(A, 0, 1, 2));
        nowMs += EVICTION_MS + 1;
        sessions.close(open(next(small, 1)), List.of(told(0, 0)), nowMs);
        sessions.close(open(next(large, 1)), List.of(told(0, 0), told(1, 0), told(2, 0)), nowMs);

        assertThat(create(topic(A, 0))).as("not larger").isZero();
        assertThat(create(topic(A, 0, 1))).isPositive();
        assertThat(refusal(open(next(small, 2)))).isEqualTo(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
        assertThat(open(next(large, 2))).isInstanceOf(FetchContext.Incremental.class);
    }

    @Test
    void aFollowerPushesAConsumerOutButNotTheOtherWayRound() {
        sessions = withSlots(1);
        int consumer = create(topic(A, 0, 1, 2));
        FetchContext follower = sessions.open(full(topic(A, 0)), 17, Fetcher.FOLLOWER, nowMs);
        int followerId = sessions.close(follower, List.of(told(0, 0)), nowMs).sessionId();

        assertThat(followerId).isPositive();
        assertThat(refusal(open(next(consumer, 1)))).isEqualTo(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
        nowMs += EVICTION_MS + 1;
        sessions.close(sessions.open(next(followerId, 1), 17, Fetcher.FOLLOWER, nowMs), List.of(told(0, 0)), nowMs);
        assertThat(create(topic(A, 0, 1, 2))).isZero();
    }

    /** A fetcher that takes in each answer knows at every moment what a full fetch would have told it. */
    @Test
    void incrementalAnswersAddUpToTheWhole() {
        SplittableRandom random = new SplittableRandom(7);
        int count = 20;
        long[] truth = new long[count];
        int[] all = new int[count];
        for (int i = 0; i < count; i++) {
            all[i] = i;
        }
        int id = create(topic(A, all));
        Map<Integer, Long> known = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            known.put(i, 0L);
        }
        for (int epoch = 1; epoch < 2_000; epoch++) {
            for (int change = random.nextInt(4); change > 0; change--) {
                truth[random.nextInt(count)]++;
            }
            FetchContext context = open(next(id, epoch));
            List<PartitionData> answers = new ArrayList<>();
            for (SessionPartition partition : context.partitions()) {
                PartitionData answer = told(partition.partition(), truth[partition.partition()]);
                answers.add(random.nextInt(5) == 0 ? answer.withRecords(bytes(1)) : answer);
            }
            sessions.close(context, answers, nowMs)
                    .responses()
                    .forEach(topic -> topic.partitions()
                            .forEach(answer -> known.put(answer.partitionIndex(), answer.highWatermark())));
            for (int i = 0; i < count; i++) {
                assertThat(known).containsEntry(i, truth[i]);
            }
        }
    }

    private static FetchSessions withSlots(int slots) {
        return new FetchSessions(slots, EVICTION_MS, 1, 1_000, new SplittableRandom(1));
    }

    private FetchContext open(FetchRequest request) {
        return sessions.open(request, 17, Fetcher.CONSUMER, nowMs);
    }

    /** The id of a new session, 0 if it was not granted. */
    private int create(FetchTopic topic) {
        FetchContext context = open(full(topic));
        List<PartitionData> answers = new ArrayList<>();
        topic.partitions().forEach(partition -> answers.add(told(partition.partition(), 0)));
        return sessions.close(context, answers, nowMs).sessionId();
    }

    private boolean news(int id, int epoch, PartitionData answer) {
        return !sessions.close(open(next(id, epoch)), List.of(answer), nowMs)
                .responses()
                .isEmpty();
    }

    private static FetchRequest full(FetchTopic topic) {
        return FetchRequest.DEFAULT
                .withSessionId(0)
                .withSessionEpoch(SessionEpoch.INITIAL)
                .withTopics(List.of(topic));
    }

    private static FetchRequest next(int id, int epoch) {
        return FetchRequest.DEFAULT.withSessionId(id).withSessionEpoch(epoch).withTopics(List.of());
    }

    private static FetchTopic topic(Uuid id, int... partitions) {
        List<FetchPartition> asked = new ArrayList<>();
        for (int partition : partitions) {
            asked.add(asked(partition, 0));
        }
        return new FetchTopic("", id, asked);
    }

    private static FetchPartition asked(int partition, long offset) {
        return FetchPartition.DEFAULT.withPartition(partition).withFetchOffset(offset);
    }

    private static PartitionData told(int partition, long highWatermark) {
        return PartitionData.DEFAULT
                .withPartitionIndex(partition)
                .withHighWatermark(highWatermark)
                .withLogStartOffset(0)
                .withRecords(Payload.EMPTY);
    }

    private static PartitionData failed(int partition) {
        return told(partition, -1).withErrorCode(ErrorCode.NOT_LEADER_OR_FOLLOWER.code());
    }

    private static Payload bytes(int count) {
        return Payload.of(ByteBuffer.allocate(count));
    }

    private static Payload counted(AtomicInteger released) {
        Payload bytes = bytes(10);
        return new Payload() {
            @Override
            public int sizeBytes() {
                return bytes.sizeBytes();
            }

            @Override
            public List<ByteBuffer> pieces() {
                return bytes.pieces();
            }

            @Override
            public void release() {
                released.incrementAndGet();
            }
        };
    }

    private static List<String> keys(FetchContext context) {
        return context.partitions().stream()
                .map(partition -> (partition.topicId().equals(A) ? "A" : "B") + partition.partition())
                .toList();
    }

    private static List<Integer> partitions(FetchResponse response) {
        return response.responses().stream()
                .flatMap(topic -> topic.partitions().stream())
                .map(PartitionData::partitionIndex)
                .toList();
    }

    private static ErrorCode refusal(FetchContext context) {
        return context instanceof FetchContext.Refused refused ? refused.error() : ErrorCode.NONE;
    }
}
