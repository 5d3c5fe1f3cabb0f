package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.controller.PartitionChangeBuilder;
import org.apache.kafka.metadata.LeaderRecoveryState;
import org.junit.jupiter.api.Test;
import ottla.base.Uuid;
import ottla.controller.image.KafkaRecords;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.PartitionRegistration.LeaderRecovery;
import ottla.wire.message.metadata.PartitionChangeRecord;

/** Random partitions and targets: the change decided here is the one that Kafka's own builder makes. */
class PartitionChangeModel {
    private static final long SEED = Long.getLong("ottla.seed", 20261121);
    private static final int ROUNDS = 30_000;
    private static final Uuid TOPIC = new Uuid(7, 11);

    @Test
    void agreesWithKafka() {
        Random random = new Random(SEED);
        int changes = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Scene scene = Scene.random(random);
            Optional<PartitionChangeRecord> ours = scene.ours();
            Optional<PartitionChangeRecord> kafkas = scene.kafkas();
            if (!ours.equals(kafkas)) {
                assertThat(ours).as("seed %d round %d: %s", SEED, round, scene).isEqualTo(kafkas);
            }
            changes += ours.isPresent() ? 1 : 0;
        }
        assertThat(changes).isGreaterThan(ROUNDS / 4);
    }

    private record Scene(
            PartitionRegistration partition,
            List<Integer> active,
            int minIsr,
            boolean elr,
            PartitionChange.Election election,
            List<Integer> targetIsr,
            List<Integer> uncleanlyStopped,
            Optional<Reassignment> reassignment,
            Optional<LeaderRecovery> recovery) {
        static Scene random(Random random) {
            boolean elr = random.nextBoolean();
            List<Integer> brokers =
                    shuffled(random, IntStream.range(0, 6).boxed().toList());
            List<Integer> replicas = brokers.subList(0, 1 + random.nextInt(4));
            List<Integer> isr = some(random, replicas, elr ? 0 : 1);
            List<Integer> rest = new ArrayList<>(replicas);
            rest.removeAll(isr);
            List<Integer> eligible =
                    elr ? some(random, rest, 0).stream().sorted().toList() : List.of();
            List<Integer> lastKnown = random.nextInt(isr.isEmpty() ? 2 : 6) == 0
                    ? List.of(replicas.get(random.nextInt(replicas.size())))
                    : List.of();
            int leader = isr.isEmpty() || random.nextInt(4) == 0
                    ? PartitionRegistration.NO_LEADER
                    : isr.get(random.nextInt(isr.size()));
            boolean reassigning = random.nextInt(4) == 0;
            List<Integer> adding = reassigning ? some(random, replicas, 0) : List.of();
            List<Integer> removing = new ArrayList<>();
            if (reassigning) {
                removing.addAll(some(random, replicas, 0));
                removing.removeAll(adding);
            }
            PartitionRegistration partition = new PartitionRegistration(
                    replicas,
                    replicas.stream().map(id -> new Uuid(1000, id)).toList(),
                    isr,
                    removing,
                    adding,
                    eligible,
                    elr ? lastKnown : List.of(),
                    leader,
                    random.nextInt(5) == 0 ? LeaderRecovery.RECOVERING : LeaderRecovery.RECOVERED,
                    random.nextInt(10),
                    random.nextInt(10));
            List<Integer> targetIsr = random.nextBoolean() ? isr : some(random, replicas, 0);
            Optional<Reassignment> reassignment = random.nextInt(5) == 0
                    ? Optional.of(Reassignment.random(random, brokers, replicas))
                    : Optional.empty();
            return new Scene(
                    partition,
                    some(random, brokers, 0),
                    1 + random.nextInt(3),
                    elr,
                    List.of(PartitionChange.Election.values()).get(random.nextInt(3)),
                    targetIsr,
                    random.nextInt(4) == 0 ? some(random, replicas, 0) : List.of(),
                    reassignment,
                    random.nextInt(6) == 0 ? Optional.of(LeaderRecovery.RECOVERED) : Optional.empty());
        }

        Optional<PartitionChangeRecord> ours() {
            PartitionChange change = new PartitionChange(
                            TOPIC,
                            3,
                            partition,
                            active::contains,
                            minIsr,
                            elr ? PartitionChange.Elr.ENABLED : PartitionChange.Elr.DISABLED)
                    .election(election)
                    .isr(targetIsr)
                    .uncleanlyStopped(uncleanlyStopped)
                    .newDirectory(id -> new Uuid(2000, id));
            reassignment.ifPresent(target -> change.replicas(target.replicas(), target.removing(), target.adding()));
            recovery.ifPresent(change::recovery);
            return change.toRecord();
        }

        Optional<PartitionChangeRecord> kafkas() {
            PartitionChangeBuilder builder = new PartitionChangeBuilder(
                            kafkaPartition(),
                            new org.apache.kafka.common.Uuid(7, 11),
                            3,
                            active::contains,
                            org.apache.kafka.server.common.MetadataVersion.latestProduction(),
                            minIsr,
                            elr)
                    .setElection(PartitionChangeBuilder.Election.valueOf(election.name()))
                    .setTargetIsr(targetIsr)
                    .setUncleanShutdownReplicas(uncleanlyStopped)
                    .setDefaultDirProvider(id -> new org.apache.kafka.common.Uuid(2000, id));
            reassignment.ifPresent(target -> builder.setTargetReplicas(target.replicas())
                    .setTargetRemoving(target.removing())
                    .setTargetAdding(target.adding()));
            recovery.ifPresent(state -> builder.setTargetLeaderRecoveryState(LeaderRecoveryState.of(state.id())));
            return builder.build()
                    .map(record -> withoutStrangers((PartitionChangeRecord) KafkaRecords.fromKafka(record), partition));
        }

        private org.apache.kafka.metadata.PartitionRegistration kafkaPartition() {
            return new org.apache.kafka.metadata.PartitionRegistration.Builder()
                    .setReplicas(array(partition.replicas()))
                    .setDirectories(partition.replicas().stream()
                            .map(id -> new org.apache.kafka.common.Uuid(1000, id))
                            .toArray(org.apache.kafka.common.Uuid[]::new))
                    .setIsr(array(partition.isr()))
                    .setRemovingReplicas(array(partition.removingReplicas()))
                    .setAddingReplicas(array(partition.addingReplicas()))
                    .setElr(array(partition.elr()))
                    .setLastKnownElr(array(partition.lastKnownElr()))
                    .setLeader(partition.leader())
                    .setLeaderRecoveryState(
                            LeaderRecoveryState.of(partition.leaderRecovery().id()))
                    .setLeaderEpoch(partition.leaderEpoch())
                    .setPartitionEpoch(partition.partitionEpoch())
                    .build();
        }
    }

    /**
     * Kafka leaves a replica that a reassignment removed in the eligible set, and "nobody" as the last known leader of a partition
     * that had none; this project does not.
     */
    static PartitionChangeRecord withoutStrangers(PartitionChangeRecord kafkas, PartitionRegistration present) {
        PartitionChangeRecord record =
                List.of(-1).equals(kafkas.lastKnownElr()) ? kafkas.withLastKnownElr(null) : kafkas;
        List<Integer> replicas = record.replicas();
        if (replicas == null) {
            return record;
        }
        List<Integer> changed = record.eligibleLeaderReplicas();
        List<Integer> eligible = changed == null ? present.elr() : changed;
        List<Integer> kept = eligible.stream().filter(replicas::contains).toList();
        return record.withEligibleLeaderReplicas(kept.equals(present.elr()) ? null : kept);
    }

    private record Reassignment(List<Integer> replicas, List<Integer> removing, List<Integer> adding) {
        static Reassignment random(Random random, List<Integer> brokers, List<Integer> present) {
            List<Integer> adding = new ArrayList<>(some(random, brokers, 0));
            adding.removeAll(present);
            List<Integer> all = new ArrayList<>(present);
            all.addAll(adding);
            return new Reassignment(shuffled(random, all), some(random, present, 0), adding);
        }
    }

    private static List<Integer> some(Random random, List<Integer> ids, int atLeast) {
        int count = atLeast + random.nextInt(ids.size() - atLeast + 1);
        return shuffled(random, ids).subList(0, count);
    }

    private static List<Integer> shuffled(Random random, List<Integer> ids) {
        List<Integer> copy = new ArrayList<>(ids);
        Collections.shuffle(copy, random);
        return copy;
    }

    private static int[] array(List<Integer> ids) {
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }
}
