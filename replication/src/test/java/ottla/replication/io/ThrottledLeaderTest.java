package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;
import static ottla.replication.io.TestReplicas.append;
import static ottla.replication.io.TestReplicas.asked;
import static ottla.replication.io.TestReplicas.consumer;
import static ottla.replication.io.TestReplicas.follower;
import static ottla.replication.io.TestReplicas.texts;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ottla.replication.io.ReplicaFetch.Wanted;
import ottla.replication.partition.ByteQuota;
import ottla.wire.message.FetchResponse.PartitionData;

/** What a leader gives to the followers of replicas that are throttled. */
class ThrottledLeaderTest {
    private static final Map<String, String> THROTTLED = Map.of("leader.replication.throttled.replicas", "*");
    private static final List<Integer> LAGGING = List.of(1);
    private static final List<Integer> IN_SYNC = List.of(1, 2);
    private static final String TEN_THOUSAND = "x".repeat(10_000);

    private final TestReplicas replicas = new TestReplicas();
    private final ManualLoop loop = new ManualLoop();
    private final List<List<PartitionData>> answers = new ArrayList<>();

    /** About five seconds' worth is sent already. */
    @BeforeEach
    void exceedTheLimit() {
        replicas.shell.throttles().leader().limit(4_000);
        Replica other = warm(replicas.withFollower(THROTTLED, LAGGING));
        append(other, TEN_THOUSAND);
        start(follower(2), other, 0);
        assertThat(taken()).containsExactly(TEN_THOUSAND);
        assertThat(replicas.shell.throttles().leader().pauseMs()).isBetween(4_000L, 6_000L);
    }

    @Test
    void aFollowerThatIsBehindWaitsForItsTime() {
        Replica replica = warm(replicas.withFollower(THROTTLED, LAGGING));
        append(replica, "a");

        start(follower(2), replica, 0);
        assertThat(answers).isEmpty();
        append(replica, "b");
        pass(499);
        assertThat(answers).as("what is appended is not for it either").isEmpty();
        pass(1);
        assertThat(taken()).as("no longer than the follower wants to wait").isEmpty();

        pass(4_200);
        start(follower(2), replica, 0);
        assertThat(answers).isEmpty();
        long restMs = replicas.shell.throttles().leader().pauseMs();
        assertThat(restMs).isBetween(1L, 499L);
        pass(restMs);
        assertThat(taken()).containsExactly("a", "b");
        assertThat(loop.timerCount()).isZero();
    }

    @Test
    void whatItAsksForIsTakenInAlthoughItGetsNothing() {
        Replica replica = warm(replicas.withFollower(THROTTLED, LAGGING));
        append(replica, "a");
        start(follower(2), replica, 1);

        assertThat(replicas.isrChanges.getLast().brokerIds()).containsExactly(1, 2);
    }

    @Test
    void whoIsInSyncIsNotHeldBackButCounts() {
        Replica replica = warm(replicas.withFollower(THROTTLED, IN_SYNC));
        append(replica, TEN_THOUSAND);
        long before = replicas.shell.throttles().leader().pauseMs();
        start(follower(2), replica, 0);

        assertThat(taken()).containsExactly(TEN_THOUSAND);
        assertThat(replicas.shell.throttles().leader().pauseMs()).isGreaterThan(before);
    }

    @Test
    void aReplicaThatIsNotThrottledNeitherWaitsNorCounts() {
        Replica replica =
                warm(replicas.withFollower(Map.of("leader.replication.throttled.replicas", "77:1,1:2"), LAGGING));
        append(replica, TEN_THOUSAND);
        long before = replicas.shell.throttles().leader().pauseMs();
        start(follower(2), replica, 0);

        assertThat(taken()).containsExactly(TEN_THOUSAND);
        assertThat(replicas.shell.throttles().leader().pauseMs()).isEqualTo(before);
    }

    @Test
    void consumersReadAsEver() {
        Replica replica = warm(replicas.withFollower(THROTTLED, LAGGING));
        append(replica, "a");
        start(consumer(1, 500), replica, 0);

        assertThat(taken()).containsExactly("a");
    }

    @Test
    void whoIsHeldBackDoesNotHoldUpTheOthers() {
        Replica held = warm(replicas.withFollower(THROTTLED, LAGGING));
        Replica other = warm(replicas.withFollower(Map.of(), LAGGING));
        append(held, "a");
        ReplicaFetch.start(replicas.shell, follower(2), List.of(here(held, 0), here(other, 0)), loop, answers::add);
        assertThat(answers).isEmpty();
        append(other, "b");
        loop.run();

        assertThat(texts(answers.getFirst().get(0))).isEmpty();
        assertThat(texts(answers.getFirst().get(1))).containsExactly("b");
    }

    @Test
    void withoutTheLimitOrTheListItGoesOn() {
        Replica replica = warm(replicas.withFollower(THROTTLED, LAGGING));
        append(replica, "a");
        replica.configure(replicas.alone().config());
        start(follower(2), replica, 0);
        assertThat(taken()).containsExactly("a");

        Replica another = warm(replicas.withFollower(THROTTLED, LAGGING));
        append(another, "b");
        replicas.shell.throttles().leader().limit(ByteQuota.UNLIMITED);
        start(follower(2), another, 0);
        assertThat(taken()).containsExactly("b");
    }

    private void pass(long delayMs) {
        replicas.nowMs += delayMs;
        loop.pass(delayMs);
    }

    private List<String> taken() {
        assertThat(answers).hasSize(1);
        List<String> texts = texts(answers.getFirst().getFirst());
        answers.clear();
        return texts;
    }

    /** Lets the log keep its newest bytes in memory, as it does for readers at its end. */
    private Replica warm(Replica replica) {
        start(consumer(1, 0), replica, replica.endOffset());
        answers.clear();
        return replica;
    }

    private static Wanted here(Replica replica, long offset) {
        return new Wanted.Here(replica, asked(replica, offset));
    }

    private void start(FetchTerms terms, Replica replica, long offset) {
        ReplicaFetch.start(replicas.shell, terms, List.of(here(replica, offset)), loop, answers::add);
    }
}
