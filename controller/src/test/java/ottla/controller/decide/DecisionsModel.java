package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ottla.base.Uuid;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.TopicImage;
import ottla.wire.message.AlterPartitionReassignmentsRequest;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignablePartition;
import ottla.wire.message.AlterPartitionReassignmentsRequest.ReassignableTopic;
import ottla.wire.message.AlterPartitionRequest;
import ottla.wire.message.AssignReplicasToDirsRequest;
import ottla.wire.message.BrokerHeartbeatRequest;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.CreateTopicsRequest.CreatableTopicConfig;
import ottla.wire.message.ElectLeadersRequest;
import ottla.wire.message.ListPartitionReassignmentsRequest;
import ottla.wire.message.ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics;
import ottla.wire.message.UnregisterBrokerRequest;

/**
 * Random requests to a cluster of five brokers: what is decided about brokers, partitions, reassignments and elections, and what
 * is answered, is what Kafka's controller decides and answers in the same state, in the same words.
 */
class DecisionsModel {
    private static final long SEED = Long.getLong("ottla.seed", 20261123);

    private static final int ROUNDS = Integer.getInteger("ottla.rounds", 20);

    private static final int STEPS = 400;
    private static final int BROKERS = 5;
    private static final int TOPICS_MAX = 5;

    private final Map<Step, Integer> changes = new EnumMap<>(Step.class);

    private enum Step {
        REGISTER,
        HEARTBEAT,
        UNREGISTER,
        CREATE,
        ALTER_PARTITION,
        REASSIGN,
        LIST,
        ELECT,
        BALANCE,
        ELECT_UNCLEANLY,
        ASSIGN_DIRECTORIES
    }

    @ParameterizedTest
    @EnumSource(PartitionChange.Elr.class)
    void agreesWithKafka(PartitionChange.Elr elr) {
        for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
            round(elr, seed);
        }
        for (Step kind : List.of(Step.REGISTER, Step.HEARTBEAT, Step.CREATE, Step.ALTER_PARTITION, Step.REASSIGN)) {
            assertThat(changes.get(kind))
                    .as("changes by %s of %s", kind, changes)
                    .isPositive();
        }
    }

    void round(PartitionChange.Elr elr, long seed) {
        Random random = new Random(seed);
        BothControllers both = new BothControllers(elr);
        for (int id = 0; id < BROKERS; id++) {
            both.register(id, new Uuid(10, id), directories(id), -1);
            both.heartbeat(heartbeat(both, id));
        }
        for (int step = 0; step < STEPS && !both.hasStrangeLeader(); step++) {
            both.at("seed " + seed + ", step " + step);
            Step kind = next(random);
            long before = both.endOffset();
            take(kind, both, random);
            changes.merge(kind, both.endOffset() > before ? 1 : 0, Integer::sum);
        }
    }

    private static Step next(Random random) {
        int dice = random.nextInt(100);
        return dice < 30
                ? Step.HEARTBEAT
                : dice < 50
                        ? Step.ALTER_PARTITION
                        : dice < 68 ? Step.REASSIGN : Step.values()[random.nextInt(Step.values().length)];
    }

    private static void take(Step kind, BothControllers both, Random random) {
        switch (kind) {
            case REGISTER -> {
                int id = random.nextInt(BROKERS);
                Optional<BrokerRegistration> known = both.image().broker(id);
                Uuid incarnation = random.nextInt(4) == 0
                        ? known.map(BrokerRegistration::incarnation).orElse(new Uuid(11, id))
                        : new Uuid(12, 1 + random.nextInt(1_000_000));
                long previous = random.nextBoolean()
                        ? known.map(BrokerRegistration::epoch).orElse(-1L)
                        : -1;
                both.register(id, incarnation, directories(id), previous);
            }
            case HEARTBEAT -> both.heartbeat(randomHeartbeat(both, random));
            case UNREGISTER -> {
                if (random.nextInt(4) == 0) {
                    both.unregister(new UnregisterBrokerRequest(random.nextInt(BROKERS + 1)));
                }
            }
            case CREATE -> {
                if (both.image().topics().size() < TOPICS_MAX) {
                    both.create(CreateTopicsRequest.DEFAULT.withTopics(List.of(randomTopic(random))));
                }
            }
            case ALTER_PARTITION -> anyTopic(both, random).ifPresent(topic -> proposal(both, topic, random));
            case REASSIGN -> both.reassign(randomReassignment(both, random));
            case LIST -> both.list(randomListing(both, random));
            case ELECT -> both.elect(randomElection(both, random));
            case BALANCE -> both.balance();
            case ELECT_UNCLEANLY -> both.electUncleanly();
            case ASSIGN_DIRECTORIES -> anyTopic(both, random).ifPresent(topic -> assignment(both, topic, random));
        }
    }

    private static BrokerHeartbeatRequest heartbeat(BothControllers both, int id) {
        return BrokerHeartbeatRequest.DEFAULT
                .withBrokerId(id)
                .withBrokerEpoch(
                        both.image().broker(id).map(BrokerRegistration::epoch).orElse(-1L))
                .withCurrentMetadataOffset(both.endOffset())
                .withCordonedLogDirs(null);
    }

    /** Mostly a broker that comes back, so that the cluster stays alive. */
    private static BrokerHeartbeatRequest randomHeartbeat(BothControllers both, Random random) {
        BrokerHeartbeatRequest plain = heartbeat(both, random.nextInt(BROKERS));
        return switch (random.nextInt(10)) {
            case 0, 1 -> plain.withWantFence(true);
            case 2 -> plain.withWantShutDown(true);
            case 3 -> plain.withWantShutDown(true).withWantFence(true);
            case 4 -> plain.withOfflineLogDirs(directories(plain.brokerId()).subList(0, 1 + random.nextInt(2)));
            case 5 -> plain.withCurrentMetadataOffset(random.nextInt((int) both.endOffset()));
            default -> plain;
        };
    }

    private static CreatableTopic randomTopic(Random random) {
        List<CreateTopicsRequest.CreatableReplicaAssignment> assignments = new ArrayList<>();
        int factor = 1 + random.nextInt(3);
        for (int partition = 0; partition < 1 + random.nextInt(3); partition++) {
            assignments.add(new CreateTopicsRequest.CreatableReplicaAssignment(
                    partition, some(random, factor, factor, BROKERS)));
        }
        List<CreatableTopicConfig> configs = new ArrayList<>();
        configs.add(new CreatableTopicConfig("min.insync.replicas", String.valueOf(1 + random.nextInt(3))));
        if (random.nextInt(3) == 0) {
            configs.add(new CreatableTopicConfig("unclean.leader.election.enable", "true"));
        }
        return CreatableTopic.DEFAULT
                .withName("t" + random.nextInt(1000))
                .withNumPartitions(-1)
                .withReplicationFactor((short) -1)
                .withAssignments(assignments)
                .withConfigs(configs);
    }

    /** What a partition's leader would propose, now and then spoiled. */
    private static void proposal(BothControllers both, TopicImage topic, Random random) {
        int index = random.nextInt(topic.partitionCount());
        PartitionRegistration partition = topic.partitions().get(index);
        int leader = random.nextInt(12) == 0 ? random.nextInt(BROKERS) : partition.leader();
        List<Integer> members = new ArrayList<>(partition.replicas());
        Collections.shuffle(members, random);
        if (random.nextInt(3) > 0) {
            // reassignments come to an end when all who can are in sync
            members.removeIf(id -> !both.image().isUnfenced(id));
        } else {
            members = members.subList(0, 1 + random.nextInt(members.size()));
        }
        if (!members.contains(leader) && random.nextInt(12) > 0) {
            members = new ArrayList<>(members);
            members.add(leader);
        }
        List<AlterPartitionRequest.BrokerState> states = members.stream()
                .map(id -> new AlterPartitionRequest.BrokerState(
                        id,
                        random.nextInt(20) == 0
                                ? 1
                                : both.image()
                                        .broker(id)
                                        .map(BrokerRegistration::epoch)
                                        .orElse(-1L)))
                .toList();
        byte recovering = (byte) random.nextInt(2);
        AlterPartitionRequest.PartitionData data = AlterPartitionRequest.PartitionData.DEFAULT
                .withPartitionIndex(index)
                .withLeaderEpoch(partition.leaderEpoch() + (random.nextInt(20) == 0 ? random.nextInt(3) - 1 : 0))
                .withPartitionEpoch(partition.partitionEpoch() + (random.nextInt(20) == 0 ? random.nextInt(3) - 1 : 0))
                .withLeaderRecoveryState(
                        random.nextInt(10) == 0
                                ? recovering
                                : partition.leaderRecovery().id())
                .withNewIsrWithEpochs(states);
        both.alterPartition(AlterPartitionRequest.DEFAULT
                .withBrokerId(leader)
                .withBrokerEpoch(both.image()
                        .broker(leader)
                        .map(BrokerRegistration::epoch)
                        .orElse(-1L))
                .withTopics(List.of(new AlterPartitionRequest.TopicData(topic.id(), List.of(data)))));
    }

    private static AlterPartitionReassignmentsRequest randomReassignment(BothControllers both, Random random) {
        List<ReassignableTopic> topics = new ArrayList<>();
        for (TopicImage topic : someTopics(both, random)) {
            List<ReassignablePartition> partitions = new ArrayList<>();
            for (int index : someIndexes(topic, random)) {
                int dice = random.nextInt(10);
                List<Integer> replicas = new ArrayList<>(some(random, 1, 4, BROKERS));
                if (dice == 0) {
                    replicas.add(replicas.getFirst());
                } else if (dice == 1) {
                    replicas.add(random.nextBoolean() ? 99 : -1);
                } else if (dice == 2) {
                    replicas.clear();
                }
                partitions.add(new ReassignablePartition(index, dice > 6 ? null : replicas));
            }
            topics.add(new ReassignableTopic(name(topic, random), partitions));
        }
        return new AlterPartitionReassignmentsRequest(1000, random.nextInt(3) > 0, topics);
    }

    private static ListPartitionReassignmentsRequest randomListing(BothControllers both, Random random) {
        if (random.nextBoolean()) {
            return ListPartitionReassignmentsRequest.DEFAULT;
        }
        return ListPartitionReassignmentsRequest.DEFAULT.withTopics(someTopics(both, random).stream()
                .map(topic -> new ListPartitionReassignmentsTopics(name(topic, random), someIndexes(topic, random)))
                .toList());
    }

    private static ElectLeadersRequest randomElection(BothControllers both, Random random) {
        byte type = (byte) random.nextInt(2);
        if (random.nextInt(3) == 0) {
            return new ElectLeadersRequest(type, null, 1000);
        }
        List<ElectLeadersRequest.TopicPartitions> topics = someTopics(both, random).stream()
                .map(topic -> new ElectLeadersRequest.TopicPartitions(name(topic, random), someIndexes(topic, random)))
                .toList();
        return new ElectLeadersRequest(type, topics, 1000);
    }

    private static void assignment(BothControllers both, TopicImage topic, Random random) {
        int id = random.nextInt(BROKERS);
        Uuid directory =
                random.nextInt(8) == 0 ? new Uuid(99, 1000) : directories(id).get(random.nextInt(2));
        both.assign(new AssignReplicasToDirsRequest(
                id,
                both.image().broker(id).map(BrokerRegistration::epoch).orElse(-1L),
                List.of(new AssignReplicasToDirsRequest.DirectoryData(
                        directory,
                        List.of(new AssignReplicasToDirsRequest.TopicData(
                                topic.id(),
                                someIndexes(topic, random).stream()
                                        .map(AssignReplicasToDirsRequest.PartitionData::new)
                                        .toList()))))));
    }

    private static List<Uuid> directories(int id) {
        return List.of(new Uuid(50, 1000 + id), new Uuid(51, 1000 + id));
    }

    private static Optional<TopicImage> anyTopic(BothControllers both, Random random) {
        List<TopicImage> all = List.copyOf(both.image().topics().all());
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(random.nextInt(all.size())));
    }

    private static List<TopicImage> someTopics(BothControllers both, Random random) {
        List<TopicImage> all = new ArrayList<>(both.image().topics().all());
        Collections.shuffle(all, random);
        return all.subList(0, Math.min(all.size(), 1 + random.nextInt(2)));
    }

    private static String name(TopicImage topic, Random random) {
        return random.nextInt(12) == 0 ? "nobody's" : topic.name();
    }

    private static List<Integer> someIndexes(TopicImage topic, Random random) {
        List<Integer> all = new ArrayList<>(
                IntStream.range(0, topic.partitionCount() + 1).boxed().toList());
        Collections.shuffle(all, random);
        return List.copyOf(all.subList(0, 1 + random.nextInt(2)));
    }

    private static List<Integer> some(Random random, int atLeast, int atMost, int end) {
        List<Integer> all = new ArrayList<>(IntStream.range(0, end).boxed().toList());
        Collections.shuffle(all, random);
        return List.copyOf(all.subList(0, atLeast + random.nextInt(atMost - atLeast + 1)));
    }
}
