package ottla.controller.image;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import ottla.base.Uuid;
import ottla.wire.message.metadata.AccessControlEntryRecord;
import ottla.wire.message.metadata.BrokerRegistrationChangeRecord;
import ottla.wire.message.metadata.ClearElrRecord;
import ottla.wire.message.metadata.ClientQuotaRecord;
import ottla.wire.message.metadata.ConfigRecord;
import ottla.wire.message.metadata.DelegationTokenRecord;
import ottla.wire.message.metadata.FeatureLevelRecord;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.PartitionChangeRecord;
import ottla.wire.message.metadata.PartitionRecord;
import ottla.wire.message.metadata.ProducerIdsRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord;
import ottla.wire.message.metadata.RegisterControllerRecord;
import ottla.wire.message.metadata.RemoveAccessControlEntryRecord;
import ottla.wire.message.metadata.RemoveDelegationTokenRecord;
import ottla.wire.message.metadata.RemoveTopicRecord;
import ottla.wire.message.metadata.RemoveUserScramCredentialRecord;
import ottla.wire.message.metadata.TopicRecord;
import ottla.wire.message.metadata.UnregisterBrokerRecord;
import ottla.wire.message.metadata.UserScramCredentialRecord;

/** A seeded source of metadata records, each of which makes sense after those before it. */
public final class RandomRecords {
    private final Random random;
    private final Map<Uuid, String> topics = new LinkedHashMap<>();
    private final Map<Uuid, Integer> partitionCounts = new LinkedHashMap<>();
    private final Map<Integer, Long> brokers = new LinkedHashMap<>();
    private final List<Uuid> acls = new ArrayList<>();
    private final List<String> users = new ArrayList<>();
    private final List<String> tokens = new ArrayList<>();
    private long next = 1000;

    public RandomRecords(long seed) {
        random = new Random(seed);
    }

    /** The next records, to be written together. */
    public List<MetadataRecord> next() {
        return switch (random.nextInt(16)) {
            case 0, 1 -> newTopic();
            case 2, 3, 4 -> topics.isEmpty() ? newTopic() : List.of(partitionChange());
            case 5 -> topics.size() < 3 ? newTopic() : List.of(removedTopic());
            case 6, 7 -> List.of(config());
            case 8 -> List.of(registration());
            case 9 -> brokers.isEmpty() ? List.of(registration()) : List.of(registrationChange());
            case 10 -> brokers.size() < 3 ? List.of(registration()) : List.of(unregistration());
            case 11 -> List.of(quota());
            case 12 -> List.of(new ProducerIdsRecord(random.nextInt(5), next++, next += 1000));
            case 13 -> List.of(random.nextBoolean() ? acl() : scram());
            case 14 -> List.of(random.nextBoolean() ? token() : controller());
            default -> topics.isEmpty() ? newTopic() : List.of(clearedElr());
        };
    }

    private List<MetadataRecord> newTopic() {
        Uuid id = new Uuid(random.nextLong(), random.nextLong());
        String name = (random.nextBoolean() ? "topic." : "topic_") + next++;
        int count = 1 + random.nextInt(random.nextInt(10) == 0 ? 300 : 5);
        topics.put(id, name);
        partitionCounts.put(id, count);
        List<MetadataRecord> records = new ArrayList<>();
        records.add(new TopicRecord(name, id));
        for (int partition = 0; partition < count; partition++) {
            List<Integer> replicas = ids();
            records.add(PartitionRecord.DEFAULT
                    .withTopicId(id)
                    .withPartitionId(partition)
                    .withReplicas(replicas)
                    .withDirectories(replicas.stream()
                            .map(replica -> new Uuid(1, 1000 + replica))
                            .toList())
                    .withIsr(random.nextBoolean() ? replicas : replicas.subList(0, 1))
                    .withLeader(replicas.getFirst())
                    .withLeaderEpoch(random.nextInt(5))
                    .withPartitionEpoch(random.nextInt(5)));
        }
        return records;
    }

    private MetadataRecord partitionChange() {
        Uuid id = any(List.copyOf(topics.keySet()));
        PartitionChangeRecord record = PartitionChangeRecord.DEFAULT
                .withTopicId(id)
                .withPartitionId(random.nextInt(partitionCounts.getOrDefault(id, 1)));
        if (random.nextBoolean()) {
            record = record.withIsr(ids());
        }
        if (random.nextBoolean()) {
            record = record.withLeader(random.nextInt(6) - 1);
        }
        if (random.nextInt(4) == 0) {
            List<Integer> replicas = ids();
            record = record.withReplicas(replicas)
                    .withDirectories(replicas.stream()
                            .map(replica -> new Uuid(1, 2000 + replica))
                            .toList())
                    .withAddingReplicas(ids())
                    .withRemovingReplicas(ids());
        }
        if (random.nextInt(3) == 0) {
            record = record.withEligibleLeaderReplicas(random.nextBoolean() ? ids() : List.of())
                    .withLastKnownElr(random.nextBoolean() ? ids() : List.of());
        }
        return random.nextInt(5) == 0 ? record.withLeaderRecoveryState((byte) random.nextInt(2)) : record;
    }

    private MetadataRecord removedTopic() {
        Uuid id = any(List.copyOf(topics.keySet()));
        topics.remove(id);
        partitionCounts.remove(id);
        return new RemoveTopicRecord(id);
    }

    private MetadataRecord clearedElr() {
        return new ClearElrRecord(random.nextInt(3) == 0 ? "" : any(List.copyOf(topics.values())));
    }

    private MetadataRecord config() {
        ConfigResource resource = switch (random.nextInt(4)) {
            case 0 -> ConfigResource.defaultBroker();
            case 1 -> ConfigResource.broker(random.nextInt(3));
            case 2 -> ConfigResource.group("group-" + random.nextInt(3));
            default -> ConfigResource.topic(topics.isEmpty() ? "t" : any(List.copyOf(topics.values())));
        };
        String value = random.nextInt(3) == 0 ? null : "value-" + random.nextInt(5);
        return new ConfigRecord(resource.type().id(), resource.name(), "key-" + random.nextInt(4), value);
    }

    private MetadataRecord registration() {
        int id = random.nextInt(6);
        brokers.put(id, next);
        return RegisterBrokerRecord.DEFAULT
                .withBrokerId(id)
                .withBrokerEpoch(next++)
                .withIncarnationId(new Uuid(random.nextLong(), random.nextLong()))
                .withEndPoints(List.of(
                        new RegisterBrokerRecord.BrokerEndpoint("PLAINTEXT", "host-" + id, 9092 + id, (short) 0)))
                .withFeatures(
                        List.of(new RegisterBrokerRecord.BrokerFeature("metadata.version", (short) 7, (short) 30)))
                .withRack(random.nextBoolean() ? null : "rack-" + id % 3)
                .withFenced(random.nextBoolean())
                .withLogDirs(List.of(new Uuid(5, 1000 + id), new Uuid(6, 1000 + id)));
    }

    private MetadataRecord registrationChange() {
        int id = any(List.copyOf(brokers.keySet()));
        BrokerRegistrationChangeRecord change =
                BrokerRegistrationChangeRecord.DEFAULT.withBrokerId(id).withBrokerEpoch(brokers.getOrDefault(id, -1L));
        return switch (random.nextInt(4)) {
            case 0 -> change.withFenced((byte) (random.nextBoolean() ? 1 : -1));
            case 1 -> change.withInControlledShutdown((byte) 1);
            case 2 -> change.withLogDirs(List.of(new Uuid(6, 1000 + id)));
            default -> change.withCordonedLogDirs(random.nextBoolean() ? List.of() : List.of(new Uuid(6, 1000 + id)));
        };
    }

    private MetadataRecord unregistration() {
        int id = any(List.copyOf(brokers.keySet()));
        Long epoch = brokers.remove(id);
        return new UnregisterBrokerRecord(id, epoch == null ? -1 : epoch);
    }

    private MetadataRecord quota() {
        List<ClientQuotaRecord.EntityData> entity = new ArrayList<>();
        entity.add(new ClientQuotaRecord.EntityData("user", random.nextBoolean() ? null : "u" + random.nextInt(2)));
        if (random.nextBoolean()) {
            entity.add(new ClientQuotaRecord.EntityData("client-id", "c" + random.nextInt(2)));
        }
        String key = random.nextBoolean() ? "producer_byte_rate" : "consumer_byte_rate";
        return new ClientQuotaRecord(entity, key, random.nextInt(1000), random.nextInt(3) == 0);
    }

    private MetadataRecord acl() {
        if (!acls.isEmpty() && random.nextInt(3) == 0) {
            return new RemoveAccessControlEntryRecord(acls.removeLast());
        }
        Uuid id = new Uuid(random.nextLong(), random.nextLong());
        acls.add(id);
        return new AccessControlEntryRecord(
                id, (byte) 2, "topic-" + next++, (byte) 3, "User:a", "*", (byte) 3, (byte) 3);
    }

    private MetadataRecord scram() {
        // Kafka's image loses users that are added in the same delta as one is added and removed while there is no
        // other
        if (users.size() > 6 && random.nextInt(3) == 0) {
            return new RemoveUserScramCredentialRecord(users.removeFirst(), (byte) 1);
        }
        String user = "user-" + next++;
        users.add(user);
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {1, 2, 3});
        return new UserScramCredentialRecord(user, (byte) 1, bytes, bytes, bytes, 4096);
    }

    private MetadataRecord token() {
        if (!tokens.isEmpty() && random.nextInt(3) == 0) {
            return new RemoveDelegationTokenRecord(tokens.removeLast());
        }
        String token = "token-" + next++;
        tokens.add(token);
        return new DelegationTokenRecord("User:a", "User:b", List.of("User:c"), 1, 2, 3, token);
    }

    private MetadataRecord controller() {
        return new RegisterControllerRecord(
                random.nextInt(3),
                new Uuid(9, next++),
                false,
                List.of(new RegisterControllerRecord.ControllerEndpoint("CONTROLLER", "host", 9093, (short) 0)),
                List.of(new RegisterControllerRecord.ControllerFeature("kraft.version", (short) 0, (short) 1)));
    }

    public static List<MetadataRecord> bootstrap() {
        return List.of(
                new FeatureLevelRecord(MetadataVersion.FEATURE, MetadataVersion.LATEST.level()),
                new FeatureLevelRecord(ClusterImage.ELR_FEATURE, (short) 1),
                new FeatureLevelRecord("group.version", (short) 1));
    }

    private List<Integer> ids() {
        int first = random.nextInt(5);
        return IntStream.range(first, first + 1 + random.nextInt(3)).boxed().toList();
    }

    private <T> T any(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }
}
