package ottla.compat.differential;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ottla.compat.BrokerKind;
import ottla.compat.BrokerProcess;
import ottla.compat.Waiting;

/**
 * Every API in every version, with good and bad content from one seed, answered by the broker under test as by Kafka. {@code
 * -Dottla.seed=} replays a run; {@code -Dottla.compat.candidate=kafka} runs Kafka against itself, which must be equal.
 */
class DifferentialTest {
    /** What a single node serves to clients, tools and brokers that only talk to it (no transactions, no security). */
    static final List<ApiKeys> SERVED = List.of(
            ApiKeys.API_VERSIONS,
            ApiKeys.METADATA,
            ApiKeys.DESCRIBE_TOPIC_PARTITIONS,
            ApiKeys.DESCRIBE_CLUSTER,
            ApiKeys.PRODUCE,
            ApiKeys.FETCH,
            ApiKeys.LIST_OFFSETS,
            ApiKeys.OFFSET_FOR_LEADER_EPOCH,
            ApiKeys.INIT_PRODUCER_ID,
            ApiKeys.CREATE_TOPICS,
            ApiKeys.DELETE_TOPICS,
            ApiKeys.CREATE_PARTITIONS,
            ApiKeys.DESCRIBE_CONFIGS,
            ApiKeys.INCREMENTAL_ALTER_CONFIGS,
            ApiKeys.ALTER_CONFIGS,
            ApiKeys.LIST_CONFIG_RESOURCES,
            ApiKeys.DESCRIBE_ACLS,
            ApiKeys.CREATE_ACLS,
            ApiKeys.DELETE_ACLS,
            ApiKeys.CREATE_DELEGATION_TOKEN,
            ApiKeys.RENEW_DELEGATION_TOKEN,
            ApiKeys.EXPIRE_DELEGATION_TOKEN,
            ApiKeys.DESCRIBE_DELEGATION_TOKEN,
            ApiKeys.DESCRIBE_CLIENT_QUOTAS,
            ApiKeys.ALTER_CLIENT_QUOTAS,
            ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS,
            ApiKeys.ALTER_USER_SCRAM_CREDENTIALS,
            ApiKeys.FIND_COORDINATOR,
            ApiKeys.JOIN_GROUP,
            ApiKeys.SYNC_GROUP,
            ApiKeys.HEARTBEAT,
            ApiKeys.LEAVE_GROUP,
            ApiKeys.OFFSET_COMMIT,
            ApiKeys.OFFSET_FETCH,
            ApiKeys.OFFSET_DELETE,
            ApiKeys.LIST_GROUPS,
            ApiKeys.DESCRIBE_GROUPS,
            ApiKeys.DELETE_GROUPS,
            ApiKeys.DELETE_RECORDS,
            ApiKeys.DESCRIBE_LOG_DIRS,
            ApiKeys.ALTER_REPLICA_LOG_DIRS,
            ApiKeys.DESCRIBE_PRODUCERS,
            ApiKeys.BROKER_REGISTRATION,
            ApiKeys.BROKER_HEARTBEAT,
            ApiKeys.DESCRIBE_QUORUM,
            ApiKeys.ALLOCATE_PRODUCER_IDS,
            ApiKeys.UNREGISTER_BROKER,
            ApiKeys.ASSIGN_REPLICAS_TO_DIRS,
            ApiKeys.ELECT_LEADERS,
            ApiKeys.ALTER_PARTITION_REASSIGNMENTS,
            ApiKeys.LIST_PARTITION_REASSIGNMENTS,
            ApiKeys.UPDATE_FEATURES,
            ApiKeys.ADD_RAFT_VOTER,
            ApiKeys.REMOVE_RAFT_VOTER);

    /** After these the metadata may have changed, and the next request must not see the old. */
    private static final Set<ApiKeys> CHANGING = Set.of(
            ApiKeys.METADATA,
            ApiKeys.CREATE_TOPICS,
            ApiKeys.DELETE_TOPICS,
            ApiKeys.CREATE_PARTITIONS,
            ApiKeys.INCREMENTAL_ALTER_CONFIGS,
            ApiKeys.ALTER_CONFIGS,
            ApiKeys.ALTER_CLIENT_QUOTAS,
            ApiKeys.ALTER_USER_SCRAM_CREDENTIALS,
            ApiKeys.BROKER_REGISTRATION,
            ApiKeys.UNREGISTER_BROKER,
            ApiKeys.ALTER_PARTITION_REASSIGNMENTS,
            ApiKeys.UPDATE_FEATURES);

    /** An answer with this code anywhere says that Kafka failed at the request: nobody can rely on it. */
    private static final int UNKNOWN_SERVER_ERROR = -1;

    /** One in so many answers of Kafka may be such a failure; more would leave too little to compare. */
    private static final int FAILURE_RARITY = 50;

    static long[] seeds() {
        Long wanted = Long.getLong("ottla.seed");
        return wanted == null ? new long[] {1, 3} : new long[] {wanted};
    }

    /** How often each version of each API is asked. */
    private static final int ROUNDS = Integer.getInteger("ottla.compat.rounds", 1);

    /** The records are of 1970, and no run is long enough to wait for the hour at which each broker deletes them. */
    private static final Map<String, String> SETTINGS =
            Map.of("log.initial.task.delay.ms", "3600000", "log.retention.check.interval.ms", "3600000");

    /** The APIs that are asked: all, unless some are named. */
    private static final Optional<String> ASKED = Optional.ofNullable(System.getProperty("ottla.compat.apis"));

    /** Where every request and both answers are written, if anywhere. */
    private static final Optional<Path> TRACE =
            Optional.ofNullable(System.getProperty("ottla.compat.trace")).map(Path::of);

    private final Map<String, List<String>> differences = new LinkedHashMap<>();
    private int asked;
    private int failedInKafka;

    @ParameterizedTest
    @MethodSource("seeds")
    void everyVersionOfEveryApiIsAnsweredAsByKafka(long seed) throws Exception {
        BrokerKind candidateKind = BrokerKind.valueOf(
                System.getProperty("ottla.compat.candidate", "ottla").toUpperCase(Locale.ROOT));
        try (Side kafka = new Side(BrokerProcess.start(BrokerKind.KAFKA, "Differential-reference", SETTINGS));
                Side candidate = new Side(BrokerProcess.start(candidateKind, "Differential-candidate", SETTINGS))) {
            List<Side> sides = List.of(kafka, candidate);
            for (Side side : sides) {
                prepare(side);
            }
            RequestGenerator generator = new RequestGenerator();
            for (int round = 0; round < ROUNDS; round++) {
                Random ofStory = random(seed, round);
                new GroupStory("story-" + round, sides, ofStory, (step, answers) -> tally(sides, step, answers)).tell();
                for (Step step : Steps.logDirectories()) {
                    compare(sides, step);
                }
                String moving = "moving-" + round;
                compare(sides, Steps.createTopic(moving, 1, ""));
                for (Step step : Steps.reassignments(moving)) {
                    compare(sides, step);
                }
                for (Step step : Steps.users("user-" + round)) {
                    compare(sides, step);
                }
                for (Version version : everyVersion(seed, round)) {
                    Random random = random(seed, round, version.api.id, version.version);
                    compare(sides, generator.next(version.api, version.version, random));
                }
            }
        }
        assertThat(differences).as(() -> report(seed)).isEmpty();
        assertThat(failedInKafka).isLessThanOrEqualTo(asked / FAILURE_RARITY);
    }

    private void compare(List<Side> sides, Step step) throws IOException {
        List<JsonNode> answers = new ArrayList<>();
        for (Side side : sides) {
            JsonNode answer = side.ask(step);
            if (CHANGING.contains(step.api())) {
                side.settle();
            }
            answers.add(answer);
        }
        tally(sides, step, answers);
    }

    private void tally(List<Side> sides, Step step, List<JsonNode> raw) {
        trace(step, raw);
        List<JsonNode> answers = new ArrayList<>();
        for (int i = 0; i < sides.size(); i++) {
            answers.add(new Ignored(sides.get(i).names()).leftOut(step.api(), raw.get(i)));
        }
        asked++;
        if (isFailure(raw.get(0))) {
            failedInKafka++;
            return;
        }
        for (Difference difference : Difference.between(answers.get(0), answers.get(1))) {
            differences
                    .computeIfAbsent(step.api().name + difference.kind(), unused -> new ArrayList<>())
                    .add(difference.path() + ": Kafka says " + difference.expected() + ", the candidate "
                            + difference.actual() + "\n      to request " + asked + ": " + step);
        }
    }

    private void trace(Step step, List<JsonNode> raw) {
        TRACE.ifPresent(file -> {
            String text = (asked + 1) + " " + step + "\n  kafka " + raw.get(0) + "\n  other " + raw.get(1) + "\n";
            try {
                Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
    }

    private static boolean isFailure(JsonNode answer) {
        return answer.findValues("errorCode").stream().anyMatch(code -> code.asInt() == UNKNOWN_SERVER_ERROR);
    }

    private String report(long seed) {
        StringBuilder text = new StringBuilder("seed " + seed + ", " + asked + " requests; the first of each kind:");
        differences.forEach((kind, all) -> text.append("\n  ")
                .append(kind)
                .append(" (")
                .append(all.size())
                .append(" times)\n    ")
                .append(all.getFirst()));
        return text.append('\n').toString();
    }

    private static void prepare(Side side) throws IOException {
        for (String topic : Vocabulary.FIXTURES) {
            side.ask(Steps.createTopic(
                    topic,
                    topic.equals("beta") ? 1 : 3,
                    topic.equals("compact") ? "{'name': 'cleanup.policy', 'value': 'compact'}" : ""));
        }
        side.ask(Steps.createTopic(Side.BARRIER_TOPIC, 1, ""));
        for (String group : Vocabulary.GROUPS) {
            Waiting.until(
                    "the coordinator of " + group + " is there",
                    () -> side.ask(Steps.findCoordinator(group))
                                    .findValue("errorCode")
                                    .asInt()
                            == 0);
            Waiting.until(
                    "the coordinator of " + group + " has read its log",
                    () -> side.ask(Steps.commitNothing(group)).get("errorCode").asInt() == 0);
        }
        side.settle();
        for (int i = 0; i < 3; i++) {
            Waiting.until(
                    "a producer id is given out",
                    () -> side.ask(Steps.initProducerId()).get("errorCode").asInt() == 0);
        }
        for (int i = 0; i < 4; i++) {
            side.ask(Steps.produce("alpha", i % 3, "none,3," + (1000 + i) + ",-,0,-1,sound"));
            side.ask(Steps.produce("beta", 0, "lz4,2," + (1000 * i) + ",0,0,-1,sound"));
        }
    }

    private record Version(ApiKeys api, int version) {}

    /** In an order in which another version would find its place without moving the others. */
    private static List<Version> everyVersion(long seed, int round) {
        List<Version> all = new ArrayList<>();
        List<ApiKeys> asked = ASKED.map(names ->
                        Stream.of(names.split(",")).map(ApiKeys::valueOf).toList())
                .orElse(SERVED);
        for (ApiKeys api : asked) {
            for (int version = api.oldestVersion(); version <= api.latestVersion(); version++) {
                all.add(new Version(api, version));
            }
        }
        all.sort(Comparator.comparingLong(
                each -> random(seed, round, each.version, each.api.id).nextLong()));
        return all;
    }

    /** One that has nothing in common with that of any other numbers, so that what is asked of one API is not changed by another. */
    private static Random random(long... numbers) {
        long mixed = 0;
        for (long number : numbers) {
            mixed = (mixed ^ number) * 0x9E3779B97F4A7C15L;
            mixed ^= mixed >>> 32;
        }
        return new Random(mixed);
    }
}
