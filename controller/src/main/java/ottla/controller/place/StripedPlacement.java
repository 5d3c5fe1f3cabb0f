package ottla.controller.place;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Spreads the replicas of new partitions like stripes over racks and, inside a rack, over brokers:
 *
 * <ul>
 *   <li>the replicas of one partition are on different brokers, and on as many racks as there are;
 *   <li>the first replica, the preferred leader, is on an unfenced broker; a fenced one is taken only when its rack has no
 *       unfenced one left;
 *   <li>consecutive partitions begin on consecutive racks, and each rack goes through its brokers in turn, so that leaders and
 *       replicas are even over a topic; the order is shuffled again after every round, so that the same brokers do not always
 *       meet.
 * </ul>
 *
 * <pre>
 *   rack A: 0 1     rack B: 2 3     rack C: 4 5        three replicas each
 *   partition 0:  0 2 4      partition 1:  3 5 1      partition 2:  4 0 2 ...
 * </pre>
 *
 * Pure but for the random generator that it is given: one seed, one placement.
 */
public final class StripedPlacement {
    private final List<Rack> racks = new ArrayList<>();
    private final RandomGenerator random;
    private final int brokerCount;
    private final int unfencedCount;
    private int firstRack;
    private int roundLeft;

    private StripedPlacement(List<UsableBroker> brokers, RandomGenerator random) {
        this.random = random;
        Map<String, Rack> byName = new TreeMap<>();
        for (UsableBroker broker : brokers) {
            byName.computeIfAbsent(broker.rack().orElse(""), name -> new Rack()).add(broker);
        }
        racks.addAll(byName.values());
        brokerCount = brokers.size();
        unfencedCount = (int) brokers.stream()
                .filter(broker -> broker.standing() == Standing.UNFENCED)
                .count();
        beginRound();
        firstRack = racks.isEmpty() ? 0 : random.nextInt(racks.size());
    }

    /** Whether a broker serves clients now. */
    public enum Standing {
        UNFENCED,
        FENCED
    }

    /** The replicas of {@code partitionCount} partitions, or why there can be none. */
    public static Placed place(
            List<UsableBroker> brokers, int partitionCount, int replicationFactor, RandomGenerator random) {
        StripedPlacement placement = new StripedPlacement(brokers, random);
        Optional<String> impossible = placement.reasonImpossible(replicationFactor);
        if (impossible.isPresent()) {
            return new Placed.Impossible(impossible.get());
        }
        List<List<Integer>> replicas = new ArrayList<>(partitionCount);
        for (int i = 0; i < partitionCount; i++) {
            replicas.add(placement.next(replicationFactor));
        }
        return new Placed.Replicas(replicas);
    }

    private Optional<String> reasonImpossible(int replicationFactor) {
        if (replicationFactor <= 0) {
            return Optional.of(
                    "Invalid replication factor " + replicationFactor + ": the replication factor must be positive.");
        }
        if (unfencedCount == 0) {
            return Optional.of("All brokers are currently fenced, or have all their log directories cordoned.");
        }
        if (replicationFactor > brokerCount) {
            return Optional.of("The target replication factor of " + replicationFactor
                    + " cannot be reached because only " + brokerCount
                    + " broker(s) are registered or some brokers have all their log directories cordoned.");
        }
        return Optional.empty();
    }

    private List<Integer> next(int replicationFactor) {
        if (roundLeft == 0) {
            beginRound();
        }
        roundLeft--;
        int leaderRack = firstRack;
        while (racks.get(leaderRack).unfenced.isEmpty()) {
            leaderRack = (leaderRack + 1) % racks.size();
        }
        List<Integer> replicas = new ArrayList<>(replicationFactor);
        for (int visit = 0; replicas.size() < replicationFactor; visit++) {
            Rack rack = racks.get((leaderRack + visit) % racks.size());
            int index = visit / racks.size();
            if (index < rack.size()) {
                replicas.add(rack.get(index));
            }
        }
        racks.forEach(Rack::turn);
        firstRack = (leaderRack + 1) % racks.size();
        return List.copyOf(replicas);
    }

    private void beginRound() {
        racks.forEach(rack -> rack.shuffle(random));
        roundLeft = Math.max(1, brokerCount * racks.size());
    }

    /** Where each partition's replicas go, the preferred leader first. */
    public sealed interface Placed {
        record Replicas(List<List<Integer>> byPartition) implements Placed {}

        record Impossible(String reason) implements Placed {}
    }

    /** The brokers of one rack in the order of this round, from which each partition begins one further than the last. */
    private static final class Rack {
        final List<Integer> unfenced = new ArrayList<>();
        final List<Integer> fenced = new ArrayList<>();
        private int turn;

        void add(UsableBroker broker) {
            (broker.standing() == Standing.UNFENCED ? unfenced : fenced).add(broker.id());
        }

        int size() {
            return unfenced.size() + fenced.size();
        }

        /** The broker that comes {@code index}th for the present partition. */
        int get(int index) {
            if (index < unfenced.size()) {
                return unfenced.get((turn + index) % unfenced.size());
            }
            return fenced.get((turn + index - unfenced.size()) % fenced.size());
        }

        void turn() {
            turn = (turn + 1) % Math.max(1, Math.max(unfenced.size(), 1) * Math.max(fenced.size(), 1));
        }

        void shuffle(RandomGenerator random) {
            shuffle(unfenced, random);
            shuffle(fenced, random);
        }

        private static void shuffle(List<Integer> ids, RandomGenerator random) {
            for (int i = ids.size() - 1; i > 0; i--) {
                Collections.swap(ids, i, random.nextInt(i + 1));
            }
        }
    }
}
