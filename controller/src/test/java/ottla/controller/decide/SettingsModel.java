package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ottla.base.Uuid;
import ottla.wire.message.AlterClientQuotasRequest;
import ottla.wire.message.AlterUserScramCredentialsRequest;
import ottla.wire.message.AlterUserScramCredentialsRequest.ScramCredentialDeletion;
import ottla.wire.message.AlterUserScramCredentialsRequest.ScramCredentialUpsertion;
import ottla.wire.message.BrokerHeartbeatRequest;
import ottla.wire.message.UpdateFeaturesRequest;
import ottla.wire.message.UpdateFeaturesRequest.FeatureUpdateKey;

/**
 * Random changes of client quotas, users and features: the same records and words as those of Kafka's controller in the same state.
 */
class SettingsModel {
    private static final long SEED = Long.getLong("ottla.seed", 20261123);
    private static final int ROUNDS = Integer.getInteger("ottla.rounds", 10);
    private static final int STEPS = 300;

    private final Map<Step, Integer> changes = new EnumMap<>(Step.class);

    private enum Step {
        QUOTAS,
        USERS,
        FEATURES
    }

    @Test
    void agreesWithKafka() {
        for (long seed = SEED; seed < SEED + ROUNDS; seed++) {
            round(seed);
        }
        for (Step kind : Step.values()) {
            assertThat(changes.get(kind))
                    .as("changes by %s of %s", kind, changes)
                    .isPositive();
        }
    }

    private void round(long seed) {
        Random random = new Random(seed);
        BothControllers both = new BothControllers(PartitionChange.Elr.DISABLED);
        both.register(1, new Uuid(10, 1), List.of(new Uuid(20, 1)), -1);
        both.heartbeat(BrokerHeartbeatRequest.DEFAULT
                .withBrokerId(1)
                .withBrokerEpoch(both.image().broker(1).orElseThrow().epoch())
                .withCurrentMetadataOffset(both.endOffset())
                .withCordonedLogDirs(null));
        for (int step = 0; step < STEPS; step++) {
            both.at("seed " + seed + ", step " + step);
            long before = both.endOffset();
            Step kind = oneOf(random, List.of(Step.values()));
            switch (kind) {
                case QUOTAS -> both.alter(quotas(random));
                case USERS -> both.alter(users(random));
                case FEATURES -> both.update(features(random));
            }
            changes.merge(kind, both.endOffset() > before ? 1 : 0, Integer::sum);
        }
    }

    private static AlterClientQuotasRequest quotas(Random random) {
        List<AlterClientQuotasRequest.EntryData> entries = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            Map<String, AlterClientQuotasRequest.EntityData> entity = new LinkedHashMap<>();
            for (int part = 0; part < oneOf(random, List.of(1, 1, 1, 2, 0)); part++) {
                // one wrong part at most, or it would depend on Kafka's hash table which is complained of
                boolean mayBeWrong = part == 0;
                String type = oneOf(random, List.of("user", "user", "client-id", "ip", mayBeWrong ? "nobody" : "user"));
                String address = type.equals("ip") ? "127.0.0.1" : "a";
                String name = oneOf(random, List.of(address, "*", mayBeWrong ? "" : "*"));
                entity.put(type, new AlterClientQuotasRequest.EntityData(type, name.equals("*") ? null : name));
            }
            entries.add(new AlterClientQuotasRequest.EntryData(List.copyOf(entity.values()), operations(random)));
        }
        return new AlterClientQuotasRequest(entries, random.nextInt(5) == 0);
    }

    private static List<AlterClientQuotasRequest.OpData> operations(Random random) {
        Map<String, AlterClientQuotasRequest.OpData> operations = new LinkedHashMap<>();
        // nor more than one wrong value
        boolean mayBeWrong = true;
        for (int i = 0; i < random.nextInt(3); i++) {
            String key = oneOf(
                    random,
                    List.of(
                            "producer_byte_rate",
                            "consumer_byte_rate",
                            "request_percentage",
                            "controller_mutation_rate",
                            "connection_creation_rate",
                            "nope"));
            double value = oneOf(random, List.of(1.0, 2.0, 1000.0, 0.5, 1000.0000001, 0.0, -1.0, 3e9, 1e20));
            boolean removed = random.nextInt(3) == 0;
            if (mayBeWrong || removed) {
                operations.put(key, new AlterClientQuotasRequest.OpData(key, value, removed));
                mayBeWrong = removed;
            }
        }
        return List.copyOf(operations.values());
    }

    private static AlterUserScramCredentialsRequest users(Random random) {
        List<ScramCredentialDeletion> deletions = IntStream.range(0, random.nextInt(3))
                .mapToObj(_ -> new ScramCredentialDeletion(user(random), mechanism(random)))
                .toList();
        List<ScramCredentialUpsertion> upsertions = IntStream.range(0, random.nextInt(3))
                .mapToObj(_ -> new ScramCredentialUpsertion(
                        user(random),
                        mechanism(random),
                        oneOf(random, List.of(4096, 4096, 8192, 16384, 4095, 16385, -1)),
                        bytes(random),
                        bytes(random)))
                .toList();
        return new AlterUserScramCredentialsRequest(deletions, upsertions);
    }

    private static String user(Random random) {
        return oneOf(random, List.of("a", "b", "c", "d", "e", ""));
    }

    private static byte mechanism(Random random) {
        return oneOf(random, List.of(1, 2, 1, 2, 1, 2, 0, 3)).byteValue();
    }

    private static ByteBuffer bytes(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(5)];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static UpdateFeaturesRequest features(Random random) {
        String name = oneOf(
                random,
                List.of(
                        "group.version",
                        "transaction.version",
                        "share.version",
                        "streams.version",
                        "eligible.leader.replicas.version",
                        "metadata.version",
                        "nonsense"));
        short level = name.equals("metadata.version")
                // others would be a cluster of an older version from then on, or need records that are lost
                ? oneOf(random, List.of(30, 31, 99, 6, 20, 0)).shortValue()
                : oneOf(random, List.of(0, 1, 2, 3, -1)).shortValue();
        byte type = oneOf(random, List.of(1, 1, 1, 2, 3, 0, 4)).byteValue();
        return new UpdateFeaturesRequest(
                60_000, List.of(new FeatureUpdateKey(name, level, false, type)), random.nextInt(5) == 0);
    }

    private static <T> T oneOf(Random random, List<T> values) {
        return values.get(random.nextInt(values.size()));
    }
}
