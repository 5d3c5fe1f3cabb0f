package ottla.coordinator.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.JoinGroupResponse;
import org.apache.kafka.common.requests.LeaveGroupResponse;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ottla.base.ErrorCode;
import ottla.coordinator.group.GroupCaller;
import ottla.coordinator.group.GroupConfig;
import ottla.coordinator.group.GroupRecord;
import ottla.coordinator.group.GroupRecordFormat;
import ottla.replication.machine.MemoryMachineLog.Commit;
import ottla.wire.message.DeleteGroupsRequest;
import ottla.wire.message.DescribeGroupsRequest;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.JoinGroupRequest;
import ottla.wire.message.LeaveGroupRequest;
import ottla.wire.message.ListGroupsRequest;
import ottla.wire.message.ListGroupsResponse;
import ottla.wire.message.OffsetCommitRequest;
import ottla.wire.message.OffsetDeleteRequest;
import ottla.wire.message.OffsetFetchRequest;
import ottla.wire.message.SyncGroupRequest;
import ottla.wire.primitive.Message;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/**
 * Seeded random lives of a few groups, with failing writes and moves to another node, told to this coordinator and to Kafka's own:
 * every answer and every record must be the same, byte for byte. Requests are made by Kafka's classes and read by ours from the bytes.
 *
 * <p>Kafka makes up the member ids, and ours is handed the same ones, so a seed repeats the requests but not the ids. Both keep
 * members in a hash map by id, so that even the choice of the next leader agrees. Timeouts of different clients are different numbers, so that
 * no two timers fall on the same millisecond, where the order would be anybody's choice.
 */
class KafkaGroupsModel {
    private static final List<String> GROUPS = List.of("g", "h");
    private static final List<String> TOPICS = List.of("t1", "t2");
    private static final int STEPS = Integer.getInteger("ottla.steps", 400);

    private final HexFormat hex = HexFormat.of();
    private final List<String> pendingIds = new ArrayList<>();
    private final List<Asked> asked = new ArrayList<>();
    private final Map<String, Set<String>> memberIds = new LinkedHashMap<>();
    private final Map<String, Integer> generations = new LinkedHashMap<>();
    private final List<String> history = new ArrayList<>();
    private Random random = new Random(0);
    private KafkaShard kafka = new KafkaShard(Rig.START_MS, Map.of());
    private Rig rig = new Rig(GroupConfig.DEFAULT, Commit.AT_ONCE);
    private int requestCount;
    private int comparedRecords;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void behavesAsKafka(long smallSeed) {
        long seed = Long.getLong("ottla.seed", 0) + smallSeed;
        random = new Random(seed);
        int maxSize = random.nextInt(3) == 0 ? 2 : Integer.MAX_VALUE;
        int delayMs = random.nextBoolean() ? 0 : 3_001;
        Map<String, Object> overrides = Map.of("group.max.size", maxSize, "group.initial.rebalance.delay.ms", delayMs);
        kafka = new KafkaShard(Rig.START_MS, overrides);
        rig = new Rig(
                GroupConfig.DEFAULT.withMaxSize(maxSize).withInitialRebalanceDelayMs(delayMs),
                Commit.AT_ONCE,
                this::nextId);
        TOPICS.forEach(topic -> rig.topics.create(topic, 2));
        for (int step = 0; step < STEPS; step++) {
            if (random.nextInt(100) == 0) {
                move(overrides);
            }
            step();
            if (kafka.trust() == KafkaShard.Trust.LOST) {
                return;
            }
            describe();
            compare(seed);
        }
    }

    private String nextId() {
        return pendingIds.isEmpty() ? "unused-" + requestCount : pendingIds.removeFirst();
    }

    /** Another node takes the partition over, and knows of it what the log says. */
    private void move(Map<String, Object> overrides) {
        history.add("move");
        kafka.unload();
        kafka = new KafkaShard(rig.nowMs(), overrides, List.copyOf(kafka.records()));
        rig.restart(Commit.AT_ONCE);
    }

    private void step() {
        boolean fails = random.nextInt(5) == 0;
        kafka.setNext(fails ? KafkaShard.Next.FAILS : KafkaShard.Next.SUCCEEDS);
        rig.refuseAppends(fails ? Rig.Refuse.ALL : Rig.Refuse.NONE);
        if (fails) {
            history.add("the log refuses");
        }
        request();
        kafka.pass(0); // what is due at once falls into the same trouble
        kafka.setNext(KafkaShard.Next.SUCCEEDS);
        rig.refuseAppends(Rig.Refuse.NONE);
        long ms = random.nextInt(30) == 0 ? random.nextInt(1_000_000_000) : 1 + random.nextInt(2_500);
        history.add("pass " + ms);
        kafka.pass(ms);
        rig.pass(ms);
    }

    private void request() {
        switch (random.nextInt(20)) {
            case 0, 1, 2, 3, 4, 5, 6 -> join();
            case 7, 8, 9, 10 -> sync();
            case 11, 12 -> heartbeat();
            case 13 -> leave();
            case 14 -> commit();
            case 15 -> fetch();
            case 16 -> administer();
            default -> {}
        }
    }

    // Requests.

    private void join() {
        String group = pick(GROUPS);
        int client = random.nextInt(4);
        int version = random.nextInt(10);
        String instance = version >= 5 && client < 2 && random.nextInt(4) > 0 ? "i" + client : null;
        String memberId = random.nextInt(3) == 0 ? "" : idOf(group, instance == null ? "c" + client : instance);
        JoinGroupRequestData request = new JoinGroupRequestData()
                .setGroupId(group)
                .setSessionTimeoutMs(8_000 + client * 1_013)
                .setRebalanceTimeoutMs(15_000 + client * 1_019)
                .setMemberId(memberId)
                .setGroupInstanceId(instance)
                .setProtocolType(random.nextInt(40) == 0 ? "connect" : "consumer");
        List<String> names = new ArrayList<>(List.of("range", "roundrobin", "sticky"));
        Collections.shuffle(names, random);
        for (String name : names.subList(0, random.nextInt(8) == 0 ? 1 + random.nextInt(2) : 3)) {
            byte[] metadata = random.nextInt(30) == 0
                    ? new byte[] {0, 1, 9, 9}
                    : GroupScript.subscription(random.nextInt(10) == 0 ? "t1,t2" : "t1")
                            .array();
            request.protocols()
                    .add(new JoinGroupRequestData.JoinGroupRequestProtocol()
                            .setName(name)
                            .setMetadata(metadata));
        }
        String name = name("join v" + version + " " + request);
        JoinGroupRequest mine = JoinGroupRequest.read(in(request, version), version);
        if (version == 0) {
            request.setRebalanceTimeoutMs(request.sessionTimeoutMs()); // as Kafka does when it parses version 0
        }
        Set<String> before = knownIds(group);
        CompletableFuture<JoinGroupResponseData> theirs = kafka.join(version, "c" + client, request);
        learn(group, before, theirs);
        asked.add(new Asked(
                name,
                version,
                theirs.thenApply(data -> new JoinGroupResponse(data, (short) version).data()),
                future(rig.coordinator()
                        .joinGroup(new GroupCaller("c" + client, KafkaShard.clientHost()), version, mine))));
        rig.settle();
    }

    /** Finds the id that Kafka has made up, and hands the random part of it to our side. */
    private void learn(String group, Set<String> before, CompletableFuture<JoinGroupResponseData> answer) {
        Set<String> after = knownIds(group);
        if (answer.isDone() && !answer.join().memberId().isEmpty()) {
            after.add(answer.join().memberId());
        }
        after.removeAll(before);
        for (String fresh : after) {
            if (fresh.length() > 37) {
                pendingIds.clear();
                pendingIds.add(fresh.substring(fresh.length() - 36));
                memberIds.computeIfAbsent(group, id -> new LinkedHashSet<>()).add(fresh);
            }
        }
    }

    private Set<String> knownIds(String group) {
        Set<String> ids = new LinkedHashSet<>(memberIds.getOrDefault(group, Set.of()));
        kafka.describe(5, List.of(group)).getFirst().members().forEach(member -> ids.add(member.memberId()));
        return ids;
    }

    private void sync() {
        String group = pick(GROUPS);
        List<String> ids = List.copyOf(knownIds(group));
        SyncGroupRequestData request = new SyncGroupRequestData()
                .setGroupId(group)
                .setMemberId(anyId(group))
                .setGenerationId(generation(group));
        int version = random.nextInt(6);
        if (version >= 5) {
            request.setProtocolType("consumer").setProtocolName(currentProtocol(group));
        }
        if (version >= 3 && request.memberId().startsWith("i") && random.nextInt(4) > 0) {
            request.setGroupInstanceId(request.memberId().substring(0, 2));
        }
        for (String id : ids) {
            if (random.nextInt(5) > 0) {
                request.assignments()
                        .add(new SyncGroupRequestData.SyncGroupRequestAssignment()
                                .setMemberId(id)
                                .setAssignment(new byte[] {(byte) random.nextInt(100)}));
            }
        }
        String name = name("sync v" + version + " " + request);
        asked.add(new Asked(
                name,
                version,
                kafka.sync(version, request),
                future(rig.coordinator()
                        .syncGroup(caller(), version, SyncGroupRequest.read(in(request, version), version)))));
        rig.settle();
    }

    private void heartbeat() {
        String group = pick(GROUPS);
        HeartbeatRequestData request = new HeartbeatRequestData()
                .setGroupId(group)
                .setMemberId(anyId(group))
                .setGenerationId(generation(group));
        if (request.memberId().startsWith("i") && random.nextBoolean()) {
            request.setGroupInstanceId(request.memberId().substring(0, 2));
        }
        String name = name("heartbeat " + request);
        asked.add(new Asked(
                name,
                4,
                CompletableFuture.completedFuture(kafka.heartbeat(4, request)),
                future(rig.coordinator().heartbeat(caller(), 4, HeartbeatRequest.read(in(request, 4), 4)))));
        rig.settle();
    }

    private void leave() {
        String group = pick(GROUPS);
        int version = random.nextInt(6);
        LeaveGroupRequestData request = new LeaveGroupRequestData().setGroupId(group);
        if (version < 3) {
            request.setMemberId(anyId(group));
        } else {
            for (int i = random.nextInt(3); i >= 0; i--) {
                String id = anyId(group);
                LeaveGroupRequestData.MemberIdentity leaver = new LeaveGroupRequestData.MemberIdentity();
                if (id.startsWith("i") && random.nextBoolean()) {
                    leaver.setGroupInstanceId(id.substring(0, 2));
                }
                request.members()
                        .add(leaver.setMemberId(leaver.groupInstanceId() != null && random.nextBoolean() ? "" : id));
            }
        }
        String name = name("leave v" + version + " " + request);
        LeaveGroupRequest mine = LeaveGroupRequest.read(in(request, version), version);
        if (version < 3) {
            request.setMembers(List.of(new LeaveGroupRequestData.MemberIdentity().setMemberId(request.memberId())));
        }
        LeaveGroupResponseData theirs = kafka.leave(version, request);
        asked.add(new Asked(
                name,
                version,
                CompletableFuture.completedFuture(new LeaveGroupResponse(theirs, (short) version).data()),
                future(rig.coordinator().leaveGroup(caller(), version, mine))));
        rig.settle();
    }

    private void commit() {
        String group = pick(GROUPS);
        int version = 2 + random.nextInt(8);
        OffsetCommitRequestData request = new OffsetCommitRequestData().setGroupId(group);
        if (random.nextInt(3) > 0) {
            request.setMemberId(anyId(group)).setGenerationIdOrMemberEpoch(generation(group));
        }
        if (version <= 4 && random.nextBoolean()) {
            request.setRetentionTimeMs(random.nextInt(1_000_000));
        }
        for (String topic : TOPICS) {
            request.topics()
                    .add(new OffsetCommitRequestData.OffsetCommitRequestTopic()
                            .setName(topic)
                            .setPartitions(List.of(new OffsetCommitRequestData.OffsetCommitRequestPartition()
                                    .setPartitionIndex(random.nextInt(2))
                                    .setCommittedOffset(random.nextInt(1000))
                                    .setCommittedMetadata(
                                            random.nextInt(5) == 0 ? "m".repeat(4090 + random.nextInt(12)) : null))));
        }
        String name = name("commit v" + version + " " + request);
        OffsetCommitRequest mine = OffsetCommitRequest.read(in(request, version), version);
        // Kafka's API layer looks the ids up before the shard sees the request.
        request.topics().forEach(topic -> topic.setTopicId(kafkaId(topic.name())));
        asked.add(new Asked(
                name,
                version,
                CompletableFuture.completedFuture(kafka.commit(version, request)),
                future(rig.coordinator().commitOffsets(caller(), version, mine))));
        rig.settle();
    }

    private void fetch() {
        OffsetFetchRequestData.OffsetFetchRequestGroup group =
                new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId(pick(GROUPS));
        if (random.nextBoolean()) {
            group.setTopics(TOPICS.stream()
                    .map(topic -> new OffsetFetchRequestData.OffsetFetchRequestTopics()
                            .setName(topic)
                            .setPartitionIndexes(List.of(0, 1)))
                    .toList());
        } else {
            group.setTopics(null);
        }
        OffsetFetchRequestData request =
                new OffsetFetchRequestData().setGroups(List.of(group)).setRequireStable(random.nextBoolean());
        String name = name("fetch " + request);
        var theirs = kafka.fetch(group);
        OffsetFetchResponseData answer = new OffsetFetchResponseData().setGroups(List.of(sorted(theirs)));
        asked.add(new Asked(
                name,
                9,
                CompletableFuture.completedFuture(answer),
                future(rig.coordinator()
                        .fetchOffsets(caller(), 9, OffsetFetchRequest.read(in(request, 9), 9))
                        .thenApply(KafkaGroupsModel::sorted))));
        rig.settle();
    }

    private void administer() {
        switch (random.nextInt(3)) {
            case 0 -> deleteOffsets();
            case 1 -> deleteGroups();
            default -> list();
        }
        rig.settle();
    }

    private void deleteOffsets() {
        OffsetDeleteRequestData request = new OffsetDeleteRequestData().setGroupId(pick(GROUPS));
        request.topics()
                .add(new OffsetDeleteRequestData.OffsetDeleteRequestTopic()
                        .setName(pick(TOPICS))
                        .setPartitions(List.of(
                                new OffsetDeleteRequestData.OffsetDeleteRequestPartition().setPartitionIndex(1))));
        String name = name("deleteOffsets " + request);
        asked.add(new Asked(
                name,
                0,
                CompletableFuture.completedFuture(kafka.deleteOffsets(request)),
                future(rig.coordinator().deleteOffsets(caller(), 0, OffsetDeleteRequest.read(in(request, 0), 0)))));
    }

    private void deleteGroups() {
        List<String> groups = random.nextBoolean() ? List.of(pick(GROUPS)) : List.of("none", pick(GROUPS));
        String name = name("deleteGroups " + groups);
        asked.add(new Asked(
                name,
                2,
                CompletableFuture.completedFuture(
                        new DeleteGroupsResponseData().setResults(kafka.deleteGroups(groups))),
                future(rig.coordinator()
                        .deleteGroups(caller(), 2, DeleteGroupsRequest.DEFAULT.withGroupsNames(groups)))));
    }

    private void list() {
        String name = name("list");
        List<ListGroupsResponseData.ListedGroup> theirs = new ArrayList<>(kafka.list());
        theirs.sort(Comparator.comparing(ListGroupsResponseData.ListedGroup::groupId));
        asked.add(new Asked(
                name,
                5,
                CompletableFuture.completedFuture(new ListGroupsResponseData().setGroups(theirs)),
                future(rig.coordinator()
                        .listGroups(caller(), 5, ListGroupsRequest.DEFAULT)
                        .thenApply(answer -> answer.withGroups(answer.groups().stream()
                                .sorted(Comparator.comparing(ListGroupsResponse.ListedGroup::groupId))
                                .toList())))));
    }

    private void describe() {
        int version = random.nextInt(7);
        String name = "describe v" + version;
        asked.add(new Asked(
                name,
                version,
                CompletableFuture.completedFuture(
                        new DescribeGroupsResponseData().setGroups(kafka.describe(version, GROUPS))),
                future(rig.coordinator()
                        .describeGroups(caller(), version, DescribeGroupsRequest.DEFAULT.withGroups(GROUPS)))));
        rig.settle();
    }

    // Comparison.

    private void compare(long seed) {
        for (Asked one : List.copyOf(asked)) {
            if (one.mine.isDone() && !one.theirs.isDone()) {
                assertThat(isSuperseded(one.mine.join()))
                        .as(() -> "answered, while Kafka forgets to: " + one.name + "\n" + story(seed))
                        .isTrue();
                asked.remove(one);
            } else if (one.theirs.isDone()) {
                assertThat(one.mine)
                        .as(() -> "not answered: " + one.name + "\n" + story(seed))
                        .isDone();
                assertThat(hex.formatHex(bytes(one.mine.join(), one.version)))
                        .as(() -> one.name + "\n" + one.mine.join() + "\n" + one.theirs.join() + "\n" + story(seed))
                        .isEqualTo(hex.formatHex(bytes(one.theirs.join(), one.version)));
                note(one.name, one.theirs.join());
                asked.remove(one);
            }
        }
        List<GroupRecord> mine = rig.log().records();
        List<CoordinatorRecord> theirs = kafka.records();
        assertThat(mine.stream().skip(comparedRecords).map(this::show).toList())
                .as(() -> story(seed))
                // The clean-up visits the groups in any order.
                .containsExactlyInAnyOrderElementsOf(
                        theirs.stream().skip(comparedRecords).map(this::show).toList());
        comparedRecords = mine.size();
    }

    /** One request, as both have answered it or will. */
    private record Asked(
            String name,
            int version,
            CompletableFuture<? extends ApiMessage> theirs,
            CompletableFuture<? extends Message> mine) {}

    /** A request that nobody can wait for any longer: Kafka lets it hang. */
    private static boolean isSuperseded(Message answer) {
        short error = switch (answer) {
            case ottla.wire.message.JoinGroupResponse join -> join.errorCode();
            case ottla.wire.message.SyncGroupResponse sync -> sync.errorCode();
            default -> ErrorCode.NONE.code();
        };
        return error == ErrorCode.REBALANCE_IN_PROGRESS.code() || error == ErrorCode.UNKNOWN_MEMBER_ID.code();
    }

    private void note(String name, ApiMessage answer) {
        if (answer instanceof JoinGroupResponseData join && join.errorCode() == 0) {
            String group = name.contains("groupId='g'") ? "g" : "h";
            generations.merge(group, join.generationId(), Math::max);
            memberIds.computeIfAbsent(group, id -> new LinkedHashSet<>()).add(join.memberId());
        }
    }

    private String story(long seed) {
        return "seed " + seed + "\n"
                + String.join("\n", history.subList(Math.max(0, history.size() - 60), history.size()));
    }

    private String show(GroupRecord record) {
        ByteBuffer value = GroupRecordFormat.valueBytes(record);
        return hex.formatHex(array(GroupRecordFormat.keyBytes(record))) + " "
                + (value == null ? "-" : hex.formatHex(array(value)));
    }

    private String show(CoordinatorRecord record) {
        GroupCoordinatorRecordSerde serde = new GroupCoordinatorRecordSerde();
        byte[] value = serde.serializeValue(record);
        return hex.formatHex(serde.serializeKey(record)) + " " + (value == null ? "-" : hex.formatHex(value));
    }

    private static OffsetFetchResponseData.OffsetFetchResponseGroup sorted(
            OffsetFetchResponseData.OffsetFetchResponseGroup group) {
        List<OffsetFetchResponseData.OffsetFetchResponseTopics> topics = new ArrayList<>(group.topics());
        topics.sort(Comparator.comparing(OffsetFetchResponseData.OffsetFetchResponseTopics::name));
        topics.forEach(topic -> topic.partitions()
                .sort(Comparator.comparingInt(OffsetFetchResponseData.OffsetFetchResponsePartitions::partitionIndex)));
        return group.setTopics(topics);
    }

    private static ottla.wire.message.OffsetFetchResponse sorted(ottla.wire.message.OffsetFetchResponse answer) {
        return answer.withGroups(answer.groups().stream()
                .map(group -> group.withTopics(group.topics().stream()
                        .sorted(Comparator.comparing(
                                ottla.wire.message.OffsetFetchResponse.OffsetFetchResponseTopics::name))
                        .map(topic -> topic.withPartitions(topic.partitions().stream()
                                .sorted(Comparator.comparingInt(
                                        ottla.wire.message.OffsetFetchResponse.OffsetFetchResponsePartitions
                                                ::partitionIndex))
                                .toList()))
                        .toList()))
                .toList());
    }

    // Choices.

    private String name(String request) {
        String name = ++requestCount + " "
                + request.replaceAll("metadata=\\[[^]]*]", "")
                        .replaceAll("JoinGroupRequestProtocol|RequestData|-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f-]{17}", "")
                        .replaceAll("SyncGroupRequestAssignment|OffsetCommitRequestTopic|mmm+", "");
        history.add(name);
        return name;
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private String idOf(String group, String prefix) {
        List<String> ids = memberIds.getOrDefault(group, Set.of()).stream()
                .filter(id -> id.startsWith(prefix))
                .toList();
        return ids.isEmpty() ? "" : random.nextInt(8) == 0 ? ids.getFirst() : ids.getLast();
    }

    private String anyId(String group) {
        List<String> ids = List.copyOf(knownIds(group));
        if (ids.isEmpty() || random.nextInt(20) == 0) {
            return "nobody";
        }
        List<String> present = kafka.describe(5, List.of(group)).getFirst().members().stream()
                .map(DescribeGroupsResponseData.DescribedGroupMember::memberId)
                .toList();
        return present.isEmpty() || random.nextInt(6) == 0 ? pick(ids) : pick(present);
    }

    private int generation(String group) {
        return generations.getOrDefault(group, 0) - (random.nextInt(12) == 0 ? 1 : 0);
    }

    private String currentProtocol(String group) {
        String known = kafka.describe(5, List.of(group)).getFirst().protocolData();
        return random.nextInt(10) == 0 || known.isEmpty() ? pick(List.of("range", "roundrobin", "sticky")) : known;
    }

    private org.apache.kafka.common.Uuid kafkaId(String topic) {
        ottla.base.Uuid id = rig.topics.topicId(topic);
        return new org.apache.kafka.common.Uuid(id.mostSignificantBits(), id.leastSignificantBits());
    }

    private static GroupCaller caller() {
        return new GroupCaller("c", KafkaShard.clientHost());
    }

    private static Reader in(ApiMessage request, int version) {
        return new Reader(
                MessageUtil.toByteBufferAccessor(request, (short) version).buffer());
    }

    private static byte[] bytes(ApiMessage message, int version) {
        ByteBufferAccessor accessor = MessageUtil.toByteBufferAccessor(message, (short) version);
        return array(accessor.buffer());
    }

    private static byte[] bytes(Message message, int version) {
        Writer out = new Writer(256);
        message.write(out, version);
        return array(out.toBuffer());
    }

    private static byte[] array(ByteBuffer buffer) {
        return Arrays.copyOfRange(
                buffer.array(), buffer.arrayOffset() + buffer.position(), buffer.arrayOffset() + buffer.limit());
    }

    private static <A> CompletableFuture<A> future(CompletionStage<A> stage) {
        return stage.toCompletableFuture();
    }
}
