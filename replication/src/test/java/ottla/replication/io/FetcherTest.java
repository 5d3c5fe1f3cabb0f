package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.replication.io.TestReplicas.append;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.io.Log;
import ottla.log.io.MemoryDisk;
import ottla.log.io.Stop;
import ottla.log.io.TestLogs;
import ottla.replication.io.FetchTerms.From;
import ottla.replication.io.FetchTerms.Isolation;
import ottla.replication.io.FetchTerms.Size;
import ottla.replication.io.ReplicaFetch.Wanted;
import ottla.replication.partition.Assignment;
import ottla.replication.partition.Assignment.Recovery;
import ottla.replication.partition.ByteQuota;
import ottla.replication.quorum.Endpoint;
import ottla.replication.session.FetchContext;
import ottla.replication.session.SessionPartition;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.ListOffsetsRequest;
import ottla.wire.message.ListOffsetsResponse;
import ottla.wire.message.ListOffsetsResponse.ListOffsetsPartitionResponse;
import ottla.wire.message.ListOffsetsResponse.ListOffsetsTopicResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/** A follower and its leader, each with a log of its own, and between them a network that the test owns. */
class FetcherTest {
    private static final int FOLLOWER = 2;
    private static final int LATEST_FETCH = 18;

    /** About that, with a key as long as the value. Two of them do not fit into what is asked for of a partition. */
    private static final int BATCH_BYTES = 600_000;

    private static final long STEP_MS = 100;

    private static final Fetchers.Settings SETTINGS =
            new Fetchers.Settings(1, 500, 1, 1 << 20, 10 << 20, 1_000, 30_000);

    private final TestReplicas leaders = new TestReplicas();
    private final ManualLoop loop = new ManualLoop();
    private final FetchSessionCache sessions = new FetchSessionCache(100, 120_000, new Random(1));
    private final List<Request> asked = new ArrayList<>();
    private final List<Replica> led = new ArrayList<>();
    private boolean connected = true;

    private final ReplicaShell followerShell = new ReplicaShell(
            FOLLOWER,
            () -> Instant.ofEpochMilli(leaders.nowMs),
            loop,
            loop,
            TestReplicas.LAG_MS,
            (brokerId, brokerEpoch) -> true,
            (replica, change) -> {
                throw new AssertionError("a follower asks for no in-sync set");
            },
            (replica, failure) -> {
                throw new AssertionError(failure);
            },
            TestReplicas.throttles(() -> Instant.ofEpochMilli(leaders.nowMs)));

    private final Fetcher fetcher = new Fetcher(
            new Fetcher.Leader() {
                @Override
                public int id() {
                    return TestReplicas.SELF;
                }

                @Override
                public LeaderLink link() {
                    return new Network();
                }

                @Override
                public long brokerEpoch() {
                    return 7;
                }
            },
            SETTINGS,
            followerShell,
            loop);

    /** Requests arrive at the leader's replicas at once. */
    private final class Network implements LeaderLink {
        @Override
        public CompletionStage<Response> send(Request request, long timeoutMs) {
            if (!connected) {
                return CompletableFuture.failedStage(new IllegalStateException("no connection"));
            }
            asked.add(request);
            return switch (request) {
                case FetchRequest fetch -> answer(fetch);
                case ListOffsetsRequest list -> answer(list);
                default -> throw new AssertionError(request);
            };
        }

        @Override
        public void close() {}
    }

    private CompletionStage<Response> answer(FetchRequest request) {
        CompletableFuture<Response> answer = new CompletableFuture<>();
        FetchSessionCache.Opened opened =
                sessions.open(request, LATEST_FETCH, FetchContext.Fetcher.FOLLOWER, leaders.nowMs);
        List<Wanted> wanted = new ArrayList<>();
        for (SessionPartition partition : opened.context().partitions()) {
            wanted.add(led.stream()
                    .filter(replica -> Fetcher.key(replica)
                            .equals(new ottla.replication.session.FetchedPartition(
                                    partition.topicId(), partition.partition())))
                    .findFirst()
                    .map(replica -> (Wanted) new Wanted.Here(replica, partition.asked()))
                    .orElse(new Wanted.Refused(partition.asked(), ErrorCode.UNKNOWN_TOPIC_ID)));
        }
        FetchTerms terms = new FetchTerms(
                request.replicaState().replicaId(),
                request.replicaState().replicaEpoch(),
                request.maxWaitMs(),
                request.minBytes(),
                request.maxBytes(),
                Isolation.READ_UNCOMMITTED,
                From.LEADER,
                Size.AT_LEAST_ONE_BATCH,
                Near.NOBODY);
        ReplicaFetch.start(
                leaders.shell,
                terms,
                wanted,
                loop,
                answers -> answer.complete(sessions.close(opened, answers, leaders.nowMs)));
        return answer;
    }

    private CompletionStage<Response> answer(ListOffsetsRequest request) {
        var partition = request.topics().getFirst().partitions().getFirst();
        Replica replica = led.get(partition.partitionIndex());
        long offset = partition.timestamp() == -1 ? replica.endOffset() : replica.logStartOffset();
        return CompletableFuture.completedStage(ListOffsetsResponse.DEFAULT.withTopics(
                List.of(new ListOffsetsTopicResponse(
                        "topic",
                        List.of(ListOffsetsPartitionResponse.DEFAULT
                                .withPartitionIndex(partition.partitionIndex())
                                .withOffset(offset))))));
    }

    private Replica leader() {
        Replica replica = leaders.withFollower(Map.of(), List.of(TestReplicas.SELF, FOLLOWER));
        led.add(replica);
        return replica;
    }

    /** The other end of a leader. */
    private Replica follower(Replica leader) {
        return follower(leader, Map.of());
    }

    private Replica follower(Replica leader, Map<String, String> settings) {
        TopicPartition name = leader.name();
        Log log = Log.open(
                new TestLogs(new MemoryDisk()).shell(),
                name,
                name.toString(),
                TestLogs.config(settings),
                Stop.CLEAN,
                0,
                0);
        return new Replica(name, new Uuid(7, 7), log, 0, followerShell);
    }

    private void follow(Replica follower, int leaderEpoch) {
        follower.assign(assignment(TestReplicas.SELF, leaderEpoch));
        fetcher.follow(follower, leaderEpoch);
        run();
    }

    private static Assignment assignment(int leaderId, int leaderEpoch) {
        return new Assignment(
                leaderId,
                leaderEpoch,
                leaderEpoch,
                List.of(TestReplicas.SELF, FOLLOWER),
                List.of(TestReplicas.SELF, FOLLOWER),
                Recovery.RECOVERED);
    }

    /** Until nothing is left to do but to wait. */
    private void run() {
        do {
            loop.run();
            leaders.runDiskTasks();
        } while (loop.isBusy() || !leaders.diskTasks.isEmpty());
    }

    private void pass(long delayMs) {
        loop.pass(delayMs);
        run();
    }

    private long fetchCount() {
        return asked.stream().filter(FetchRequest.class::isInstance).count();
    }

    @Test
    void recordsComeAndWithThemWhatIsCommitted() {
        Replica leader = leader();
        append(leader, "a", "b");
        Replica follower = follower(leader);

        follow(follower, 0);

        assertThat(follower.endOffset()).isEqualTo(2);
        assertThat(leader.highWatermark()).isEqualTo(2);
        // the follower hears of it with the next answer, be it that of a fetch which waited in vain
        pass(500);
        assertThat(follower.highWatermark()).isEqualTo(2);

        append(leader, "c");
        run();
        assertThat(follower.endOffset()).isEqualTo(3);
        assertThat(leader.highWatermark()).isEqualTo(3);
    }

    @Test
    void aRequestNamesOnlyWhatHasChanged() {
        Replica first = leader();
        Replica second = leader();
        follow(follower(first), 0);
        follow(follower(second), 0);
        pass(500);

        append(second, "a");
        run();

        FetchRequest last = (FetchRequest) asked.getLast();
        assertThat(last.topics()).hasSize(1);
        assertThat(last.topics().getFirst().partitions())
                .extracting(partition -> partition.partition())
                .containsExactly(second.name().partition());
        assertThat(last.replicaState().replicaEpoch()).isEqualTo(7);
    }

    @Test
    void partitionsGoWhereTheNewNumberOfFetchersPutsThem() {
        List<Network> ways = new ArrayList<>();
        Fetchers fetchers = new Fetchers(SETTINGS, followerShell, () -> loop, () -> 7, (endpoint, on) -> {
            ways.add(new Network());
            return ways.getLast();
        });
        fetchers.addresses(broker -> Optional.of(new Endpoint("leader", 9092)));
        List<Replica> followers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Replica follower = follower(leader());
            follower.assign(assignment(TestReplicas.SELF, 0));
            fetchers.follow(follower, TestReplicas.SELF, 0);
            followers.add(follower);
        }
        run();
        assertThat(ways).hasSize(1);

        fetchers.resize(4);
        led.forEach(leader -> append(leader, "a"));
        run();
        assertThat(ways).hasSizeGreaterThan(1);
        assertThat(followers).allMatch(follower -> follower.endOffset() == 1);

        fetchers.resize(1);
        led.forEach(leader -> append(leader, "b"));
        run();
        assertThat(followers).allMatch(follower -> follower.endOffset() == 2);
    }

    @Test
    void aFollowerIsCutWhereTheHistoriesPart() {
        Replica leader = leader();
        append(leader, "a");
        Replica follower = follower(leader);
        // it led for an epoch, and wrote what nobody else has
        follower.assign(assignment(FOLLOWER, 1));
        append(follower, "x", "y", "z");
        leader.assign(TestReplicas.assignment(2, 2, List.of(TestReplicas.SELF, FOLLOWER)));
        append(leader, "b");

        follow(follower, 2);

        assertThat(follower.endOffset()).isEqualTo(2);
        assertThat(follower.withLog((log, state) -> log.epochs()).orElseThrow())
                .isEqualTo(leader.withLog((log, state) -> log.epochs()).orElseThrow());
    }

    @Test
    void aFollowerThatIsTooFarBehindBeginsWhereTheLeaderDoes() {
        Replica leader = leader();
        append(leader, "a", "b");
        append(leader, "c");
        leader.withLog((log, state) -> {
            log.roll();
            return true;
        });
        append(leader, "d");
        Replica ahead = follower(leader);
        follow(ahead, 0);
        pass(500);
        leader.deleteRecords(3);
        leader.retain(leaders.nowMs);
        fetcher.leave(ahead);
        run();
        Replica follower = follower(leader);

        follow(follower, 0);
        pass(500);

        assertThat(follower.logStartOffset()).isEqualTo(3);
        assertThat(follower.endOffset()).isEqualTo(4);
    }

    @Test
    void onePartitionInTroubleHoldsUpNoOther() {
        Replica unknown = leader();
        Replica leader = leader();
        led.remove(unknown);
        Replica waiting = follower(unknown);
        Replica follower = follower(leader);
        follow(waiting, 0);
        follow(follower, 0);

        append(leader, "a");
        append(unknown, "b");
        run();
        pass(500);
        assertThat(follower.endOffset()).isEqualTo(1);
        assertThat(waiting.endOffset()).isZero();

        led.add(unknown);
        pass(1_000);
        pass(500);
        assertThat(waiting.endOffset()).isEqualTo(1);
    }

    @Test
    void aConnectionThatIsLostIsMadeAgainAndTheSessionWithIt() {
        Replica leader = leader();
        Replica follower = follower(leader);
        follow(follower, 0);
        connected = false;
        append(leader, "a");
        run();
        append(leader, "b");
        pass(100);
        assertThat(follower.endOffset()).isEqualTo(1);

        connected = true;
        pass(1_000);
        assertThat(follower.endOffset()).isEqualTo(2);
        assertThat(((FetchRequest) asked.getLast()).sessionId()).isPositive();
    }

    @Test
    void whoFollowsAnotherLeaderIsNotFetchedAnyMore() {
        Replica leader = leader();
        Replica follower = follower(leader);
        follow(follower, 0);
        follower.assign(assignment(FOLLOWER, 1));
        fetcher.leave(follower);
        append(leader, "a");
        run();
        pass(500);

        assertThat(follower.endOffset()).isZero();
        long before = fetchCount();
        pass(5_000);
        assertThat(fetchCount()).isEqualTo(before);
    }

    @Test
    void anAnswerToAnOlderEpochIsOutdated() {
        Replica leader = leader();
        append(leader, "a");
        Replica follower = follower(leader);
        follower.assign(assignment(TestReplicas.SELF, 0));

        assertThat(follower.standing(1)).isEqualTo(Optional.empty());
        follower.assign(assignment(TestReplicas.SELF, 1));
        assertThat(follower.take(0, 0, ottla.wire.message.FetchResponse.PartitionData.DEFAULT))
                .isEqualTo(new ReplicaFollowing.Taken.Outdated());
    }

    /** A leader that commits alone, with so many batches that each fill an answer. */
    private Replica leaderFarAhead(int batchCount) {
        Replica replica = leaders.withFollower(Map.of(), List.of(TestReplicas.SELF));
        led.add(replica);
        for (int i = 0; i < batchCount; i++) {
            append(replica, "x".repeat(BATCH_BYTES / 2));
        }
        return replica;
    }

    /** The clock of the limits and that of the timers, step by step. */
    private void passEverywhere(long delayMs) {
        for (long passedMs = 0; passedMs < delayMs; passedMs += STEP_MS) {
            leaders.nowMs += STEP_MS;
            pass(STEP_MS);
        }
    }

    @Test
    void aThrottledFollowerKeepsToTheLimitAndHoldsUpNoOther() {
        Replica leader = leaderFarAhead(4);
        Replica free = leader();
        Replica throttled = follower(leader, Map.of("follower.replication.throttled.replicas", "*"));
        Replica other = follower(free);
        followerShell.throttles().follower().limit(BATCH_BYTES / 2);
        follow(other, 0);
        follow(throttled, 0);
        passEverywhere(500);
        assertThat(throttled.endOffset()).as("the first is too much already").isEqualTo(1);

        long before = fetchCount();
        append(free, "a");
        run();
        assertThat(other.endOffset()).isEqualTo(1);
        assertThat(fetchCount()).as("one that had waited, and the next").isLessThanOrEqualTo(before + 2);

        passEverywhere(1_400);
        assertThat(throttled.endOffset()).isEqualTo(1);
        // it has to wait for the answer to what is asked for the others just then, too
        passEverywhere(700);
        assertThat(throttled.endOffset()).isEqualTo(2);
        passEverywhere(1_300);
        assertThat(throttled.endOffset()).isEqualTo(2);
        passEverywhere(700);
        assertThat(throttled.endOffset()).isEqualTo(3);
        assertThat(fetchCount()).as("nobody asks in vain all the time").isLessThan(before + 30);

        followerShell.throttles().follower().limit(ByteQuota.UNLIMITED);
        passEverywhere(3_000);
        assertThat(throttled.endOffset()).isEqualTo(4);
    }

    @Test
    void aThrottledFollowerThatHasCaughtUpIsNotHeldBack() {
        Replica leader = leaderFarAhead(1);
        Replica follower = follower(leader, Map.of("follower.replication.throttled.replicas", "*"));
        followerShell.throttles().follower().limit(1);
        follow(follower, 0);
        assertThat(follower.endOffset()).isEqualTo(1);
        assertThat(followerShell.throttles().follower().pauseMs()).isGreaterThan(10_000);

        append(leader, "a");
        run();

        assertThat(follower.endOffset()).isEqualTo(2);
    }
}
