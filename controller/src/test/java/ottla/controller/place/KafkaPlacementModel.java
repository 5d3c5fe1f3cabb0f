package ottla.controller.place;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.metadata.placement.ClusterDescriber;
import org.apache.kafka.metadata.placement.PartitionAssignment;
import org.apache.kafka.metadata.placement.PlacementSpec;
import org.apache.kafka.metadata.placement.StripedReplicaPlacer;
import org.junit.jupiter.api.Test;
import ottla.controller.place.StripedPlacement.Placed;
import ottla.controller.place.StripedPlacement.Standing;

/**
 * Random clusters with racks and fenced brokers. Chance decides where a partition goes, so not places are compared but what they
 * are like: how many racks a partition spans, how many of its brokers are fenced, and what is refused in which words.
 */
class KafkaPlacementModel {
    private static final long SEED = Long.getLong("ottla.seed", 20261124);
    private static final int SCENES = 150;
    private static final int PARTITIONS = 240;

    @Test
    void agreesWithKafka() {
        Random random = new Random(SEED);
        int placed = 0;
        for (int scene = 0; scene < SCENES; scene++) {
            List<UsableBroker> brokers = brokers(random);
            int factor = random.nextInt(brokers.size() + 2);
            String where = "seed " + SEED + ", scene " + scene + ", factor " + factor + ", " + brokers;
            Object ours = switch (StripedPlacement.place(brokers, PARTITIONS, factor, new Random(scene))) {
                case Placed.Impossible impossible -> impossible.reason();
                case Placed.Replicas replicas -> replicas.byPartition();
            };
            Object kafkas = kafkas(brokers, factor, new Random(scene));
            if (ours instanceof List<?> && kafkas instanceof List<?>) {
                // Kafka takes a fenced broker of another rack where an unfenced one of the same rack is left
                assertThat(kinds(lists(kafkas), brokers)).as(where).containsAll(kinds(lists(ours), brokers));
                placed++;
            } else {
                assertThat(ours).as(where).isEqualTo(kafkas);
            }
        }
        assertThat(placed).isGreaterThan(SCENES / 3).isLessThan(SCENES);
    }

    private record Kind(int rackCount, int fencedCount, Standing leader) {}

    private static Set<Kind> kinds(List<List<Integer>> placed, List<UsableBroker> brokers) {
        return placed.stream()
                .map(partition -> {
                    List<UsableBroker> chosen =
                            partition.stream().map(brokers::get).toList();
                    return new Kind(
                            (int) chosen.stream()
                                    .map(UsableBroker::rack)
                                    .distinct()
                                    .count(),
                            (int) chosen.stream()
                                    .filter(broker -> broker.standing() == Standing.FENCED)
                                    .count(),
                            chosen.getFirst().standing());
                })
                .collect(Collectors.toSet());
    }

    private static List<UsableBroker> brokers(Random random) {
        int racks = 1 + random.nextInt(4);
        int fencedIn = 2 + random.nextInt(6);
        List<UsableBroker> brokers = new ArrayList<>();
        for (int id = 0; id < 1 + random.nextInt(9); id++) {
            Optional<String> rack = racks == 1 ? Optional.empty() : Optional.of("rack-" + random.nextInt(racks));
            brokers.add(
                    new UsableBroker(id, rack, random.nextInt(fencedIn) == 0 ? Standing.FENCED : Standing.UNFENCED));
        }
        return brokers;
    }

    private static Object kafkas(List<UsableBroker> brokers, int factor, Random random) {
        ClusterDescriber cluster = new ClusterDescriber() {
            @Override
            public Iterator<org.apache.kafka.metadata.placement.UsableBroker> usableBrokers() {
                return brokers.stream()
                        .map(broker -> new org.apache.kafka.metadata.placement.UsableBroker(
                                broker.id(), broker.rack(), broker.standing() == Standing.FENCED))
                        .iterator();
            }

            @Override
            public Uuid defaultDir(int brokerId) {
                return Uuid.ZERO_UUID;
            }
        };
        try {
            return new StripedReplicaPlacer(random)
                    .place(new PlacementSpec(0, PARTITIONS, (short) factor), cluster).assignments().stream()
                            .map(PartitionAssignment::replicas)
                            .toList();
        } catch (InvalidReplicationFactorException impossible) {
            return String.valueOf(impossible.getMessage());
        }
    }

    private static List<List<Integer>> lists(Object placed) {
        return ((List<?>) placed)
                .stream()
                        .map(partition -> ((List<?>) partition)
                                .stream().map(Integer.class::cast).toList())
                        .toList();
    }
}
