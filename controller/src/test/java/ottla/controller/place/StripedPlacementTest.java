package ottla.controller.place;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ottla.controller.place.StripedPlacement.Placed;
import ottla.controller.place.StripedPlacement.Standing;

class StripedPlacementTest {
    @Test
    void spreadsLeadersAndReplicasEvenly() {
        List<UsableBroker> brokers = brokers(6, 3);
        List<List<Integer>> placed = place(brokers, 600, 3, 1);
        Map<Integer, Integer> leaders = new HashMap<>();
        Map<Integer, Integer> replicas = new HashMap<>();
        for (List<Integer> partition : placed) {
            leaders.merge(partition.getFirst(), 1, Integer::sum);
            partition.forEach(id -> replicas.merge(id, 1, Integer::sum));
        }
        assertThat(leaders.values()).allSatisfy(count -> assertThat(count).isBetween(90, 110));
        assertThat(replicas.values()).allSatisfy(count -> assertThat(count).isBetween(290, 310));
    }

    @Test
    void takesEveryRackBeforeAnyTwice() {
        List<UsableBroker> brokers = brokers(9, 3);
        for (List<Integer> partition : place(brokers, 200, 3, 2)) {
            Set<Optional<String>> racks = new HashSet<>();
            partition.forEach(id -> racks.add(brokers.get(id).rack()));
            assertThat(racks).as("racks of %s", partition).hasSize(3);
        }
    }

    @Test
    void aPartitionHasAsManyDifferentBrokersAsAsked() {
        Random random = new Random(3);
        for (int round = 0; round < 300; round++) {
            int count = 1 + random.nextInt(8);
            List<UsableBroker> brokers = new ArrayList<>();
            for (int id = 0; id < count; id++) {
                Standing standing = id == 0 || random.nextBoolean() ? Standing.UNFENCED : Standing.FENCED;
                Optional<String> rack = random.nextBoolean() ? Optional.empty() : Optional.of("r" + random.nextInt(3));
                brokers.add(new UsableBroker(id, rack, standing));
            }
            int factor = 1 + random.nextInt(count);
            for (List<Integer> partition : place(brokers, 20, factor, round)) {
                assertThat(partition).hasSize(factor).doesNotHaveDuplicates();
                assertThat(brokers.get(partition.getFirst()).standing()).isEqualTo(Standing.UNFENCED);
            }
        }
    }

    @Test
    void oneSeedGivesOnePlacement() {
        assertThat(place(brokers(5, 2), 50, 2, 9)).isEqualTo(place(brokers(5, 2), 50, 2, 9));
        assertThat(place(brokers(5, 2), 50, 2, 9)).isNotEqualTo(place(brokers(5, 2), 50, 2, 10));
    }

    @Test
    void saysWhyThereIsNoPlace() {
        assertThat(impossible(brokers(2, 1), 3))
                .startsWith("The target replication factor of 3 cannot be reached because only 2 broker(s)");
        assertThat(impossible(List.of(), 1)).startsWith("All brokers are currently fenced");
        assertThat(impossible(List.of(new UsableBroker(1, Optional.empty(), Standing.FENCED)), 1))
                .startsWith("All brokers are currently fenced");
        assertThat(impossible(brokers(2, 1), 0)).startsWith("Invalid replication factor 0");
    }

    private static List<UsableBroker> brokers(int count, int racks) {
        List<UsableBroker> brokers = new ArrayList<>();
        for (int id = 0; id < count; id++) {
            brokers.add(new UsableBroker(id, Optional.of("rack-" + id % racks), Standing.UNFENCED));
        }
        return brokers;
    }

    private static List<List<Integer>> place(List<UsableBroker> brokers, int count, int factor, long seed) {
        return ((Placed.Replicas) StripedPlacement.place(brokers, count, factor, new Random(seed))).byPartition();
    }

    private static String impossible(List<UsableBroker> brokers, int factor) {
        return ((Placed.Impossible) StripedPlacement.place(brokers, 1, factor, new Random(1))).reason();
    }
}
