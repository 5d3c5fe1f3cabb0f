package ottla.coordinator.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.coordinator.group.GroupCaller;
import ottla.coordinator.group.GroupConfig;
import ottla.coordinator.group.GroupRecord;
import ottla.replication.machine.MemoryMachineLog.Commit;
import ottla.replication.machine.Refusal;
import ottla.wire.message.DeleteGroupsRequest;
import ottla.wire.message.DeleteGroupsResponse;
import ottla.wire.message.DescribeGroupsRequest;
import ottla.wire.message.DescribeGroupsResponse;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.HeartbeatResponse;
import ottla.wire.message.JoinGroupRequest;
import ottla.wire.message.JoinGroupRequest.JoinGroupRequestProtocol;
import ottla.wire.message.JoinGroupResponse;
import ottla.wire.message.LeaveGroupRequest;
import ottla.wire.message.LeaveGroupRequest.MemberIdentity;
import ottla.wire.message.LeaveGroupResponse;
import ottla.wire.message.ListGroupsRequest;
import ottla.wire.message.ListGroupsResponse;
import ottla.wire.message.OffsetCommitRequest;
import ottla.wire.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import ottla.wire.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import ottla.wire.message.OffsetCommitResponse;
import ottla.wire.message.OffsetDeleteRequest;
import ottla.wire.message.OffsetDeleteRequest.OffsetDeleteRequestPartition;
import ottla.wire.message.OffsetDeleteRequest.OffsetDeleteRequestTopic;
import ottla.wire.message.OffsetDeleteResponse;
import ottla.wire.message.OffsetFetchRequest;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestTopic;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import ottla.wire.message.OffsetFetchResponse;
import ottla.wire.message.SyncGroupRequest;
import ottla.wire.message.SyncGroupRequest.SyncGroupRequestAssignment;
import ottla.wire.message.SyncGroupResponse;
import ottla.wire.message.embedded.ConsumerProtocolSubscription;
import ottla.wire.message.group.GroupMetadataKey;
import ottla.wire.message.group.GroupMetadataValue;
import ottla.wire.message.group.OffsetCommitKey;
import ottla.wire.message.group.OffsetCommitValue;
import ottla.wire.primitive.Writer;

/**
 * Carries out the lines of a script on a {@link Rig} and writes down what comes of each: answers, in the order in which they are
 * given, and records. A line is a verb, a name for the answer, and fields:
 *
 * <pre>
 *   join a client=c1 range=t1,t2      a consumer of t1 and t2 that supports range; version=9 unless said otherwise
 *   sync a member=c1-1 generation=1 assign=c1-1:x,c2-2:y
 *   heartbeat a | leave a | commit a t1-0=17 | fetch a t1-0 | offsetdelete a t1-0 | list a | describe a | delete a
 *   pass 3000 | hold | release | refuse STORAGE | restart | topic t1 4 | drop t1
 * </pre>
 */
final class GroupScript {
    private final List<String> output = new ArrayList<>();
    private Rig rig;
    private Commit commit = Commit.AT_ONCE;
    private int recordsShown;

    GroupScript() {
        rig = new Rig(GroupConfig.DEFAULT, commit);
    }

    List<String> run(String line) {
        output.clear();
        String[] words = line.split(" +");
        switch (words[0]) {
            case "config" -> configure(fields(words, 1));
            case "pass" -> rig.pass(Long.parseLong(words[1]));
            case "topic" -> rig.topics.create(words[1], Integer.parseInt(words[2]));
            case "drop" -> drop(words[1]);
            case "hold" -> restart(Commit.BY_HAND);
            case "release" -> rig.commitAll();
            case "refuse" -> rig.log().refuseNext(Refusal.valueOf(words[1]));
            case "restart" -> restart(commit);
            case "resign" -> rig.coordinator().resign(Rig.PARTITION);
            default -> request(words[0], words[1], fields(words, 2));
        }
        rig.settle();
        List<GroupRecord> records = rig.log().records();
        records.subList(recordsShown, records.size()).forEach(record -> output.add("  record " + show(record)));
        recordsShown = records.size();
        return List.copyOf(output);
    }

    private void configure(Map<String, String> fields) {
        GroupConfig config = GroupConfig.DEFAULT;
        if (fields.containsKey("max.size")) {
            config = config.withMaxSize(Integer.parseInt(fields.get("max.size")));
        }
        if (fields.containsKey("initial.delay")) {
            config = config.withInitialRebalanceDelayMs(Integer.parseInt(fields.get("initial.delay")));
        }
        rig = new Rig(config, commit);
        recordsShown = 0;
    }

    private void restart(Commit next) {
        commit = next;
        rig.restart(next);
        recordsShown = rig.log().records().size();
    }

    private void drop(String topic) {
        Uuid id = rig.topics.topicId(topic);
        rig.topics.delete(topic);
        rig.coordinator().topicsDeleted(Map.of(topic, id));
    }

    private void request(String verb, String name, Map<String, String> fields) {
        switch (verb) {
            case "join" -> join(name, fields);
            case "sync" -> sync(name, fields);
            case "heartbeat" -> heartbeat(name, fields);
            case "leave" -> leave(name, fields);
            case "commit" -> commit(name, fields);
            case "fetch" -> fetch(name, fields);
            case "offsetdelete" -> offsetDelete(name, fields);
            case "list" -> list(name, fields);
            case "describe" -> describe(name, fields);
            case "delete" -> delete(name, fields);
            default -> throw new IllegalArgumentException("no verb " + verb);
        }
    }

    // Requests.

    private void join(String name, Map<String, String> fields) {
        List<JoinGroupRequestProtocol> protocols = new ArrayList<>();
        for (String protocol : List.of("range", "roundrobin", "sticky", "raw")) {
            String topics = fields.get(protocol);
            if (topics != null) {
                protocols.add(JoinGroupRequestProtocol.DEFAULT
                        .withName(protocol)
                        .withMetadata(protocol.equals("raw") ? bytes(topics) : subscription(topics)));
            }
        }
        int version = number(fields, "version", 9);
        JoinGroupRequest request = JoinGroupRequest.DEFAULT
                .withGroupId(fields.getOrDefault("group", "g"))
                .withSessionTimeoutMs(number(fields, "session", 10_000))
                .withRebalanceTimeoutMs(number(fields, "rebalance", 60_000))
                .withMemberId(fields.getOrDefault("member", ""))
                .withGroupInstanceId(fields.get("instance"))
                .withProtocolType(fields.getOrDefault("type", "consumer"))
                .withProtocols(protocols)
                .withReason(fields.get("reason"));
        answer(name, rig.coordinator().joinGroup(caller(fields), version, request), this::show);
    }

    private void sync(String name, Map<String, String> fields) {
        List<SyncGroupRequestAssignment> assignments = split(fields.get("assign")).stream()
                .map(one -> SyncGroupRequestAssignment.DEFAULT
                        .withMemberId(one.substring(0, one.indexOf(':')))
                        .withAssignment(bytes(one.substring(one.indexOf(':') + 1))))
                .toList();
        SyncGroupRequest request = SyncGroupRequest.DEFAULT
                .withGroupId(fields.getOrDefault("group", "g"))
                .withGenerationId(number(fields, "generation", 1))
                .withMemberId(fields.getOrDefault("member", ""))
                .withGroupInstanceId(fields.get("instance"))
                .withProtocolType(fields.getOrDefault("type", "consumer"))
                .withProtocolName(fields.getOrDefault("protocol", "range"))
                .withAssignments(assignments);
        answer(name, rig.coordinator().syncGroup(caller(fields), number(fields, "version", 5), request), this::show);
    }

    private void heartbeat(String name, Map<String, String> fields) {
        HeartbeatRequest request = HeartbeatRequest.DEFAULT
                .withGroupId(fields.getOrDefault("group", "g"))
                .withGenerationId(number(fields, "generation", 1))
                .withMemberId(fields.getOrDefault("member", ""))
                .withGroupInstanceId(fields.get("instance"));
        answer(name, rig.coordinator().heartbeat(caller(fields), number(fields, "version", 4), request), this::show);
    }

    private void leave(String name, Map<String, String> fields) {
        List<MemberIdentity> members = split(fields.get("members")).stream()
                .map(one -> {
                    String[] idAndInstance = one.split("/", -1);
                    return MemberIdentity.DEFAULT
                            .withMemberId(idAndInstance[0])
                            .withGroupInstanceId(idAndInstance.length == 1 ? null : idAndInstance[1]);
                })
                .toList();
        LeaveGroupRequest request = LeaveGroupRequest.DEFAULT
                .withGroupId(fields.getOrDefault("group", "g"))
                .withMemberId(fields.getOrDefault("member", ""))
                .withMembers(members);
        answer(name, rig.coordinator().leaveGroup(caller(fields), number(fields, "version", 5), request), this::show);
    }

    private void commit(String name, Map<String, String> fields) {
        Map<String, List<OffsetCommitRequestPartition>> topics = new LinkedHashMap<>();
        fields.forEach((key, value) -> {
            int dash = key.lastIndexOf('-');
            if (dash > 0) {
                String[] offsetAndMetadata = value.split("/", -1);
                topics.computeIfAbsent(key.substring(0, dash), topic -> new ArrayList<>())
                        .add(OffsetCommitRequestPartition.DEFAULT
                                .withPartitionIndex(Integer.parseInt(key.substring(dash + 1)))
                                .withCommittedOffset(Long.parseLong(offsetAndMetadata[0]))
                                .withCommittedMetadata(
                                        offsetAndMetadata.length == 1 ? null : text(offsetAndMetadata[1])));
            }
        });
        int version = number(fields, "version", 9);
        OffsetCommitRequest request = OffsetCommitRequest.DEFAULT
                .withGroupId(fields.getOrDefault("group", "g"))
                .withGenerationIdOrMemberEpoch(number(fields, "generation", -1))
                .withMemberId(fields.getOrDefault("member", ""))
                .withGroupInstanceId(fields.get("instance"))
                .withRetentionTimeMs(number(fields, "retention", -1))
                .withTopics(topics.entrySet().stream()
                        .map(one -> named(version, one.getKey()).withPartitions(one.getValue()))
                        .toList());
        answer(name, rig.coordinator().commitOffsets(caller(fields), version, request), this::show);
    }

    /** A script can say "5000 times x" as x*5000. */
    private static String text(String said) {
        int star = said.indexOf('*');
        return star < 0 ? said : said.substring(0, star).repeat(Integer.parseInt(said.substring(star + 1)));
    }

    private static String brief(String metadata) {
        return metadata.length() <= 20 ? metadata : metadata.charAt(0) + "*" + metadata.length();
    }

    private OffsetCommitRequestTopic named(int version, String topic) {
        return version >= 10
                ? OffsetCommitRequestTopic.DEFAULT.withTopicId(rig.topics.topicId(topic))
                : OffsetCommitRequestTopic.DEFAULT.withName(topic);
    }

    private void fetch(String name, Map<String, String> fields) {
        int version = number(fields, "version", 9);
        Map<String, List<Integer>> topics = partitions(fields);
        if (version < 8) {
            fetchOneGroup(name, fields, version, topics);
            return;
        }
        OffsetFetchRequest request = OffsetFetchRequest.DEFAULT
                .withRequireStable(fields.containsKey("stable"))
                .withGroups(split(fields.getOrDefault("group", "g")).stream()
                        .map(group -> OffsetFetchRequestGroup.DEFAULT
                                .withGroupId(group)
                                .withTopics(
                                        topics.isEmpty()
                                                ? null
                                                : topics.entrySet().stream()
                                                        .map(one -> wanted(version, one.getKey(), one.getValue()))
                                                        .toList()))
                        .toList());
        answer(name, rig.coordinator().fetchOffsets(caller(fields), version, request), this::show);
    }

    private void fetchOneGroup(
            String name, Map<String, String> fields, int version, Map<String, List<Integer>> topics) {
        OffsetFetchRequest request = OffsetFetchRequest.DEFAULT
                .withGroupId(fields.getOrDefault("group", "g"))
                .withTopics(topics.entrySet().stream()
                        .map(one -> new OffsetFetchRequestTopic(one.getKey(), one.getValue()))
                        .toList());
        answer(
                name,
                rig.coordinator().fetchOffsets(caller(fields), version, request),
                answer -> error(answer.errorCode())
                        + answer.topics().stream()
                                .flatMap(topic -> topic.partitions().stream()
                                        .map(one -> " " + topic.name() + "-" + one.partitionIndex() + "="
                                                + one.committedOffset() + " " + error(one.errorCode())))
                                .collect(Collectors.joining()));
    }

    private OffsetFetchRequestTopics wanted(int version, String topic, List<Integer> partitions) {
        OffsetFetchRequestTopics wanted = OffsetFetchRequestTopics.DEFAULT.withPartitionIndexes(partitions);
        return version >= 10 ? wanted.withTopicId(rig.topics.topicId(topic)) : wanted.withName(topic);
    }

    private void offsetDelete(String name, Map<String, String> fields) {
        OffsetDeleteRequest request = OffsetDeleteRequest.DEFAULT
                .withGroupId(fields.getOrDefault("group", "g"))
                .withTopics(partitions(fields).entrySet().stream()
                        .map(one -> OffsetDeleteRequestTopic.DEFAULT
                                .withName(one.getKey())
                                .withPartitions(one.getValue().stream()
                                        .map(OffsetDeleteRequestPartition::new)
                                        .toList()))
                        .toList());
        answer(name, rig.coordinator().deleteOffsets(caller(fields), 0, request), this::show);
    }

    private void list(String name, Map<String, String> fields) {
        ListGroupsRequest request = ListGroupsRequest.DEFAULT
                .withStatesFilter(split(fields.get("states")))
                .withTypesFilter(split(fields.get("types")));
        answer(name, rig.coordinator().listGroups(caller(fields), 5, request), this::show);
    }

    private void describe(String name, Map<String, String> fields) {
        DescribeGroupsRequest request =
                DescribeGroupsRequest.DEFAULT.withGroups(split(fields.getOrDefault("group", "g")));
        answer(
                name,
                rig.coordinator().describeGroups(caller(fields), number(fields, "version", 6), request),
                this::show);
    }

    private void delete(String name, Map<String, String> fields) {
        DeleteGroupsRequest request =
                DeleteGroupsRequest.DEFAULT.withGroupsNames(split(fields.getOrDefault("group", "g")));
        answer(name, rig.coordinator().deleteGroups(caller(fields), 2, request), this::show);
    }

    private <A> void answer(String name, CompletionStage<A> stage, Function<A, String> shown) {
        stage.whenComplete((answer, failure) ->
                output.add("  " + name + " " + (failure == null ? shown.apply(answer) : failure.toString())));
    }

    // What is shown.

    private String show(JoinGroupResponse answer) {
        return error(answer.errorCode()) + " member=" + answer.memberId() + " generation=" + answer.generationId()
                + " protocol=" + answer.protocolType() + "/" + answer.protocolName() + " leader=" + answer.leader()
                + (answer.skipAssignment() ? " skip" : "")
                + answer.members().stream()
                        .sorted(Comparator.comparing(JoinGroupResponse.JoinGroupResponseMember::memberId))
                        .map(one -> one.memberId() + (one.groupInstanceId() == null ? "" : "/" + one.groupInstanceId()))
                        .collect(Collectors.joining(",", " members=", ""));
    }

    private String show(SyncGroupResponse answer) {
        return error(answer.errorCode()) + " protocol=" + answer.protocolType() + "/" + answer.protocolName()
                + " assignment=" + text(answer.assignment());
    }

    private String show(HeartbeatResponse answer) {
        return error(answer.errorCode());
    }

    private String show(LeaveGroupResponse answer) {
        return error(answer.errorCode())
                + answer.members().stream()
                        .map(one -> " " + one.memberId()
                                + (one.groupInstanceId() == null ? "" : "/" + one.groupInstanceId()) + "="
                                + error(one.errorCode()))
                        .collect(Collectors.joining());
    }

    private String show(OffsetCommitResponse answer) {
        return answer.topics().stream()
                .flatMap(topic -> topic.partitions().stream()
                        .map(one -> topicName(topic.name(), topic.topicId()) + "-" + one.partitionIndex() + "="
                                + error(one.errorCode())))
                .collect(Collectors.joining(" "));
    }

    private String show(OffsetFetchResponse answer) {
        return answer.groups().stream()
                .map(group -> group.groupId() + " " + error(group.errorCode())
                        + group.topics().stream()
                                .flatMap(topic -> topic.partitions().stream()
                                        .map(one -> " " + topicName(topic.name(), topic.topicId()) + "-"
                                                + one.partitionIndex() + "=" + one.committedOffset()
                                                + (one.metadata() == null
                                                                || one.metadata()
                                                                        .isEmpty()
                                                        ? ""
                                                        : "/" + brief(one.metadata()))
                                                + (one.errorCode() == 0 ? "" : " " + error(one.errorCode()))))
                                .sorted()
                                .collect(Collectors.joining()))
                .collect(Collectors.joining("; "));
    }

    private static String topicName(String name, Uuid id) {
        return name.isEmpty() ? id.toString() : name;
    }

    private String show(OffsetDeleteResponse answer) {
        return error(answer.errorCode())
                + answer.topics().stream()
                        .flatMap(topic -> topic.partitions().stream()
                                .map(one ->
                                        " " + topic.name() + "-" + one.partitionIndex() + "=" + error(one.errorCode())))
                        .collect(Collectors.joining());
    }

    private String show(ListGroupsResponse answer) {
        return error(answer.errorCode())
                + answer.groups().stream()
                        .map(one -> " " + one.groupId() + ":" + one.protocolType() + ":" + one.groupState() + ":"
                                + one.groupType())
                        .sorted()
                        .collect(Collectors.joining());
    }

    private String show(DescribeGroupsResponse answer) {
        return answer.groups().stream()
                .map(one -> one.groupId() + " " + error(one.errorCode())
                        + (one.errorMessage() == null ? "" : " '" + one.errorMessage() + "'") + " "
                        + one.groupState() + " " + one.protocolType() + "/" + one.protocolData()
                        + one.members().stream()
                                .map(member -> " " + member.memberId() + "(" + member.clientId()
                                        + member.clientHost() + " "
                                        + member.memberMetadata().remaining() + " "
                                        + text(member.memberAssignment()) + ")")
                                .sorted()
                                .collect(Collectors.joining()))
                .collect(Collectors.joining("; "));
    }

    private String show(DeleteGroupsResponse answer) {
        return answer.results().stream()
                .map(one -> one.groupId() + "=" + error(one.errorCode()))
                .collect(Collectors.joining(" "));
    }

    private String show(GroupRecord record) {
        String version = record.value() == null ? " deleted" : " v" + record.valueVersion();
        return switch (record.key()) {
            case GroupMetadataKey key -> "group " + key.group() + version + show((GroupMetadataValue) record.value());
            case OffsetCommitKey key ->
                "offset " + key.group() + " " + key.topic() + "-" + key.partition() + version
                        + show((OffsetCommitValue) record.value());
            default -> record.toString();
        };
    }

    private String show(@Nullable GroupMetadataValue value) {
        return value == null
                ? ""
                : " type=" + value.protocolType() + " generation=" + value.generation() + " protocol="
                        + value.protocol() + " leader=" + value.leader() + " since=" + value.currentStateTimestamp()
                        + value.members().stream()
                                .map(one -> one.memberId()
                                        + (one.groupInstanceId() == null ? "" : "/" + one.groupInstanceId()) + "("
                                        + one.clientId() + one.clientHost() + " " + one.sessionTimeout() + " "
                                        + one.rebalanceTimeout() + " "
                                        + one.subscription().remaining() + " "
                                        + text(one.assignment()) + ")")
                                .sorted()
                                .collect(Collectors.joining(" ", " ", ""));
    }

    private String show(@Nullable OffsetCommitValue value) {
        return value == null
                ? ""
                : " " + value.offset() + "/" + brief(value.metadata()) + " at=" + value.commitTimestamp()
                        + (value.expireTimestamp() == -1 ? "" : " expires=" + value.expireTimestamp())
                        + (value.topicId().isZero() ? "" : " id=" + value.topicId());
    }

    // Words.

    private static Map<String, String> fields(String[] words, int first) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String word : Arrays.asList(words).subList(first, words.length)) {
            int equals = word.indexOf('=');
            fields.put(equals < 0 ? word : word.substring(0, equals), equals < 0 ? "" : word.substring(equals + 1));
        }
        return fields;
    }

    private static Map<String, List<Integer>> partitions(Map<String, String> fields) {
        Map<String, List<Integer>> topics = new LinkedHashMap<>();
        for (String key : fields.keySet()) {
            int dash = key.lastIndexOf('-');
            if (dash > 0) {
                topics.computeIfAbsent(key.substring(0, dash), topic -> new ArrayList<>())
                        .add(Integer.parseInt(key.substring(dash + 1)));
            }
        }
        return topics;
    }

    private static GroupCaller caller(Map<String, String> fields) {
        return new GroupCaller(fields.getOrDefault("client", "c"), "/127.0.0.1");
    }

    private static int number(Map<String, String> fields, String key, int otherwise) {
        return fields.containsKey(key) ? Integer.parseInt(fields.get(key)) : otherwise;
    }

    private static List<String> split(@Nullable String list) {
        return list == null || list.isEmpty() ? List.of() : List.of(list.split(","));
    }

    private static String error(short code) {
        return ErrorCode.of(code).name();
    }

    static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    static ByteBuffer subscription(String topics) {
        Writer out = new Writer(64);
        out.int16((short) 1);
        ConsumerProtocolSubscription.DEFAULT.withTopics(split(topics)).write(out, 1);
        return out.toBuffer();
    }
}
