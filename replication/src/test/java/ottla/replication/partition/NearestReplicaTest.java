package ottla.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.replica.ClientMetadata;
import org.apache.kafka.common.replica.PartitionView;
import org.apache.kafka.common.replica.RackAwareReplicaSelector;
import org.apache.kafka.common.replica.ReplicaView;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.junit.jupiter.api.Test;
import ottla.replication.partition.Assignment.Recovery;

/** Where a leader sends a consumer that says where it is (KIP-392). */
class NearestReplicaTest {
    private static final int LEADER = 1;
    private static final long LAG_MS = 30_000;
    private static final long SEED = Long.getLong("ottla.seed", 392);
    private static final int RUNS = 3_000;

    private final Partition partition = new Partition(LEADER, (brokerId, brokerEpoch) -> true, change -> {});
    private long nowMs = 1_000_000;

    @Test
    void aReplicaInTheRackThatHasTheOffset() {
        lead(List.of(1, 2, 3), List.of(1, 2, 3));
        fetched(2, 10, 0);
        fetched(3, 12, 5);

        assertThat(nearest(7, 2)).hasValue(2);
        assertThat(nearest(7, 3)).hasValue(3);
        assertThat(nearest(7, 4)).as("nobody is there").isEmpty();
        assertThat(nearest(11, 2)).as("not yet").isEmpty();
        assertThat(nearest(4, 3)).as("not any more").isEmpty();
    }

    @Test
    void nobodyThatIsNotInSync() {
        lead(List.of(1, 2, 3), List.of(1, 2));
        fetched(2, 10, 0);
        fetched(3, 10, 0);

        assertThat(nearest(7, 3)).isEmpty();
        assertThat(nearest(7, 2)).hasValue(2);
    }

    @Test
    void nobodyThatHasNotFetchedInThisEpoch() {
        lead(List.of(1, 2), List.of(1, 2));

        assertThat(nearest(0, 2)).isEmpty();
    }

    @Test
    void theLeaderItselfIfItIsNear() {
        lead(List.of(1, 2), List.of(1, 2));
        fetched(2, 10, 0);

        assertThat(nearest(7, 1, 2)).isEmpty();
    }

    @Test
    void ofSeveralTheOneThatIsAheadOrWasCaughtUpLast() {
        lead(List.of(1, 2, 3), List.of(1, 2, 3));
        fetched(2, 10, 0);
        fetched(3, 20, 0);
        assertThat(nearest(7, 2, 3)).hasValue(3);

        nowMs += 100;
        fetched(2, 20, 0);
        assertThat(nearest(7, 2, 3)).hasValue(2);
    }

    /** Beside Kafka's own selector, among the replicas that Kafka's leader shows it. */
    @Test
    void choosesAsKafkaDoes() {
        for (long seed = SEED; seed < SEED + RUNS; seed++) {
            assertThat(new Chosen(new Random(seed)).byUs())
                    .as("seed %d", seed)
                    .isEqualTo(new Chosen(new Random(seed)).byKafka());
        }
    }

    /** A partition made of chance; the same chance makes the same one. */
    private static final class Chosen {
        private static final List<String> RACKS = List.of("a", "b", "c");

        private final Partition partition = new Partition(LEADER, (brokerId, brokerEpoch) -> true, change -> {});
        private final List<Integer> ids;
        private final List<Integer> isr;
        private final List<String> racks;
        private final String clientRack;
        private final long fetchOffset;
        private final long nowMs = 2_000_000;

        Chosen(Random random) {
            ids = IntStream.rangeClosed(1, 1 + random.nextInt(6)).boxed().toList();
            isr = ids.stream()
                    .filter(id -> id == LEADER || random.nextInt(5) > 0)
                    .toList();
            racks = ids.stream()
                    .map(id -> RACKS.get(random.nextInt(RACKS.size())))
                    .toList();
            clientRack = RACKS.get(random.nextInt(RACKS.size()));
            fetchOffset = random.nextInt(6);
            partition.opened(10, 0);
            partition.assign(new Assignment(LEADER, 0, 0, ids, isr, Recovery.RECOVERED), 10, 1_000_000);
            for (int i = 0; i < 12; i++) {
                int id = 1 + random.nextInt(ids.size());
                long atMs = 1_000_000 + i * 10L;
                int offset = 6 + random.nextInt(5);
                int start = random.nextInt(6);
                partition
                        .follower(id)
                        .ifPresent(follower -> partition.fetched(follower, offset, start, 10, -1, atMs, LAG_MS));
            }
        }

        OptionalInt byUs() {
            return partition.nearest(fetchOffset, id -> rack(id).equals(clientRack));
        }

        OptionalInt byKafka() {
            ReplicaView leader = new ReplicaView.DefaultReplicaView(node(LEADER), 10, 0);
            Set<ReplicaView> shown = new HashSet<>(Set.of(leader));
            for (int id : isr) {
                partition
                        .follower(id)
                        .filter(follower ->
                                follower.endOffset() >= fetchOffset && follower.startOffset() <= fetchOffset)
                        .ifPresent(follower -> shown.add(new ReplicaView.DefaultReplicaView(
                                node(id), follower.endOffset(), nowMs - follower.lastCaughtUpTimeMs())));
            }
            Optional<ReplicaView> selected = new RackAwareReplicaSelector()
                    .select(
                            new TopicPartition("topic", 0),
                            new ClientMetadata.DefaultClientMetadata(
                                    clientRack, "client", null, KafkaPrincipal.ANONYMOUS, "PLAINTEXT"),
                            new PartitionView.DefaultPartitionView(shown, leader));
            return selected.filter(view -> !view.equals(leader))
                    .map(view -> OptionalInt.of(view.endpoint().id()))
                    .orElse(OptionalInt.empty());
        }

        private String rack(int id) {
            return racks.get(id - 1);
        }

        private Node node(int id) {
            return new Node(id, "localhost", 9092, rack(id));
        }
    }

    private void lead(List<Integer> replicas, List<Integer> isr) {
        partition.opened(20, 0);
        partition.assign(new Assignment(LEADER, 0, 0, replicas, isr, Recovery.RECOVERED), 20, nowMs);
    }

    private void fetched(int id, long offset, long startOffset) {
        partition.fetched(partition.follower(id).orElseThrow(), offset, startOffset, 20, -1, nowMs, LAG_MS);
    }

    private OptionalInt nearest(long fetchOffset, Integer... near) {
        return partition.nearest(fetchOffset, List.of(near)::contains);
    }
}
