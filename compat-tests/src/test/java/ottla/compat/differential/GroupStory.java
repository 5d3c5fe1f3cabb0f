package ottla.compat.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.apache.kafka.common.protocol.ApiKeys;
import ottla.compat.RawConnection;
import ottla.compat.Waiting;

/**
 * The life of one classic group with two members, told to both sides step by step: joins that wait for each other cannot come
 * from independent requests. Versions, static membership and the mistakes in between come from the seed. The steps are those
 * of one group; {@code told} is given each step with the answers of all sides.
 */
final class GroupStory {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int REBALANCE_IN_PROGRESS = 27;
    private static final int MEMBER_ID_REQUIRED = 79;

    /** Long enough that nothing expires while the story is told; what expires is tested where time can be steered. */
    private static final int HALF_AN_HOUR_MS = 1_800_000;

    private final String group;
    private final List<Side> sides;
    private final Random random;
    private final BiConsumer<Step, List<JsonNode>> told;
    private final boolean isStatic;

    GroupStory(String group, List<Side> sides, Random random, BiConsumer<Step, List<JsonNode>> told) {
        this.group = group;
        this.sides = sides;
        this.random = random;
        this.told = told;
        isStatic = random.nextInt(3) == 0;
    }

    void tell() throws IOException {
        Member first = new Member("first");
        Member second = new Member("second");
        try {
            int generation = first.joinAlone();
            first.sync(generation);
            anyOrder(first, generation);

            generation = joinTogether(first, second, generation);
            first.sync(generation);
            second.sync(generation);
            anyOrder(second, generation);

            leave(second);
            describe();
            generation = first.joinAlone();
            first.sync(generation);
            leave(first);
            describe();
            ask(
                    ApiKeys.DELETE_GROUPS,
                    JSON.objectNode().set("groupsNames", JSON.arrayNode().add(group)));
            describe();
        } finally {
            first.close();
            second.close();
        }
    }

    /** The second member joins, the first hears of it and joins again, and both are answered. */
    private int joinTogether(Member first, Member second, int generation) throws IOException {
        Step joining = second.joinStep();
        if (second.needsId(joining)) {
            joining = second.joinStep();
        }
        second.send(joining);
        Step heartbeat = first.heartbeatStep(generation);
        for (Side side : sides) {
            Waiting.until(
                    "the rebalance begins",
                    () -> side.ask(first.connection(side), heartbeat)
                                    .get("errorCode")
                                    .asInt()
                            == REBALANCE_IN_PROGRESS);
        }
        Step rejoining = first.joinStep();
        first.send(rejoining);
        List<JsonNode> again = first.receive(rejoining);
        second.receive(joining);
        return again.getFirst().get("generationId").asInt();
    }

    /** What may come at any time between two rebalances. */
    private void anyOrder(Member member, int generation) throws IOException {
        for (int i = 0; i < 12; i++) {
            int wrong = random.nextInt(4) == 0 ? 1 : 0;
            switch (random.nextInt(7)) {
                case 0 -> member.heartbeat(generation + wrong);
                case 1 -> commit(member, generation + wrong);
                case 2 -> fetchOffsets();
                case 3 -> member.syncOrNot(generation + wrong);
                case 4 -> describe();
                case 5 ->
                    ask(
                            ApiKeys.DELETE_GROUPS,
                            JSON.objectNode()
                                    .set("groupsNames", JSON.arrayNode().add(group)));
                default -> deleteOffsets();
            }
        }
    }

    private void commit(Member member, int generation) throws IOException {
        int version = version(ApiKeys.OFFSET_COMMIT);
        ObjectNode partition =
                JSON.objectNode().put("partitionIndex", random.nextInt(3)).put("committedOffset", random.nextInt(9));
        if (version >= 6) {
            partition.put("committedLeaderEpoch", 0);
        }
        partition.put("committedMetadata", "note");
        ObjectNode topic = JSON.objectNode();
        if (version >= 10) {
            topic.put("topicId", "$topic:alpha");
        } else {
            topic.put("name", "alpha");
        }
        topic.set("partitions", JSON.arrayNode().add(partition));
        ObjectNode request = JSON.objectNode().put("groupId", group).put("generationIdOrMemberEpoch", generation);
        request.put("memberId", member.idName());
        if (version >= 7) {
            request.set("groupInstanceId", member.instance());
        }
        if (version <= 4) {
            request.put("retentionTimeMs", -1);
        }
        request.set("topics", JSON.arrayNode().add(topic));
        ask(new Step(ApiKeys.OFFSET_COMMIT, version, Step.Listener.BROKER, request));
    }

    private void fetchOffsets() throws IOException {
        int version = version(ApiKeys.OFFSET_FETCH);
        ObjectNode request = JSON.objectNode();
        if (version < 8) {
            request.put("groupId", group);
            request.set("topics", version < 2 ? JSON.arrayNode() : JSON.nullNode());
        } else {
            ObjectNode one = JSON.objectNode().put("groupId", group);
            if (version >= 9) {
                one.putNull("memberId").put("memberEpoch", -1);
            }
            one.putNull("topics");
            request.set("groups", JSON.arrayNode().add(one));
        }
        if (version >= 7) {
            request.put("requireStable", random.nextBoolean());
        }
        ask(new Step(ApiKeys.OFFSET_FETCH, version, Step.Listener.BROKER, request));
    }

    private void deleteOffsets() throws IOException {
        ObjectNode topic = JSON.objectNode().put("name", random.nextBoolean() ? "alpha" : "beta");
        topic.set("partitions", JSON.arrayNode().add(JSON.objectNode().put("partitionIndex", 0)));
        ask(
                ApiKeys.OFFSET_DELETE,
                JSON.objectNode()
                        .put("groupId", group)
                        .set("topics", JSON.arrayNode().add(topic)));
    }

    private void describe() throws IOException {
        int version = version(ApiKeys.DESCRIBE_GROUPS);
        ObjectNode request = JSON.objectNode();
        request.set("groups", JSON.arrayNode().add(group));
        if (version >= 3) {
            request.put("includeAuthorizedOperations", random.nextBoolean());
        }
        ask(new Step(ApiKeys.DESCRIBE_GROUPS, version, Step.Listener.BROKER, request));
    }

    private void leave(Member member) throws IOException {
        int version = version(ApiKeys.LEAVE_GROUP);
        ObjectNode request = JSON.objectNode().put("groupId", group);
        if (version < 3) {
            request.put("memberId", member.idName());
        } else {
            ObjectNode leaving = JSON.objectNode().put("memberId", member.idName());
            leaving.set("groupInstanceId", member.instance());
            ObjectNode stranger = JSON.objectNode().put("memberId", "stranger").putNull("groupInstanceId");
            if (version >= 5) {
                leaving.put("reason", "done");
                stranger.putNull("reason");
            }
            request.set("members", JSON.arrayNode().add(leaving).add(stranger));
        }
        ask(new Step(ApiKeys.LEAVE_GROUP, version, Step.Listener.BROKER, request));
    }

    private List<JsonNode> ask(ApiKeys api, JsonNode request) throws IOException {
        return ask(new Step(api, version(api), Step.Listener.BROKER, (ObjectNode) request));
    }

    private List<JsonNode> ask(Step step) throws IOException {
        List<JsonNode> answers = new ArrayList<>();
        for (Side side : sides) {
            answers.add(side.ask(step));
        }
        told.accept(step, answers);
        return answers;
    }

    private int version(ApiKeys api) {
        return api.oldestVersion() + random.nextInt(api.latestVersion() - api.oldestVersion() + 1);
    }

    /** One member, with a connection of its own to each side. */
    private final class Member implements AutoCloseable {
        private final String name;
        private final List<RawConnection> connections = new ArrayList<>();
        private final List<RawConnection.Sent> waiting = new ArrayList<>();
        private boolean hasId;

        Member(String name) throws IOException {
            this.name = name;
            for (Side side : sides) {
                connections.add(side.connect(Step.Listener.BROKER));
            }
        }

        RawConnection connection(Side side) {
            return connections.get(sides.indexOf(side));
        }

        String idName() {
            return hasId ? "$member:" + group + "/" + name : "";
        }

        JsonNode instance() {
            return isStatic ? new TextNode(name) : JSON.nullNode();
        }

        Step joinStep() {
            // a static member needs a version that can say so, and a wait that can be bounded needs version 1
            int version = isStatic ? 5 + random.nextInt(5) : 1 + random.nextInt(9);
            ObjectNode request = JSON.objectNode().put("groupId", group).put("sessionTimeoutMs", HALF_AN_HOUR_MS);
            request.put("rebalanceTimeoutMs", HALF_AN_HOUR_MS).put("memberId", idName());
            if (version >= 5) {
                request.set("groupInstanceId", instance());
            }
            request.put("protocolType", "consumer");
            ObjectNode range = JSON.objectNode().put("name", "range").put("metadata", subscription("alpha"));
            ObjectNode sticky = JSON.objectNode().put("name", "sticky").put("metadata", subscription("alpha"));
            request.set("protocols", JSON.arrayNode().add(range).add(sticky));
            if (version >= 8) {
                request.put("reason", "a story");
            }
            return new Step(ApiKeys.JOIN_GROUP, version, Step.Listener.BROKER, request);
        }

        /** Whether the coordinator wants the member to come again with the id that it now has (KIP-394). */
        boolean needsId(Step step) throws IOException {
            if (hasId || isStatic || step.version() < 4) {
                return false;
            }
            send(step);
            return receive(step).getFirst().get("errorCode").asInt() == MEMBER_ID_REQUIRED;
        }

        int joinAlone() throws IOException {
            Step step = joinStep();
            if (needsId(step)) {
                step = joinStep();
            }
            send(step);
            return receive(step).getFirst().get("generationId").asInt();
        }

        void send(Step step) throws IOException {
            waiting.clear();
            for (Side side : sides) {
                waiting.add(side.send(connection(side), step));
            }
        }

        List<JsonNode> receive(Step step) throws IOException {
            List<JsonNode> answers = new ArrayList<>();
            for (int i = 0; i < sides.size(); i++) {
                JsonNode answer = sides.get(i).receive(connections.get(i), step, waiting.get(i));
                String id = answer.get("memberId").asText();
                if (!id.isEmpty()) {
                    sides.get(i).names().learnMember(group + "/" + name, id);
                    hasId = true;
                }
                answers.add(answer);
            }
            told.accept(step, answers);
            return answers;
        }

        /** A sync that must succeed, since the others wait for it. */
        void sync(int generation) throws IOException {
            sync(generation, "consumer", "range");
        }

        /** A sync that may name another protocol than the group's. */
        void syncOrNot(int generation) throws IOException {
            String type = random.nextInt(4) == 0 ? "wrong" : "consumer";
            sync(generation, type, random.nextInt(4) == 0 ? "wrong" : "range");
        }

        private void sync(int generation, String protocolType, String protocolName) throws IOException {
            int version = isStatic ? 3 + random.nextInt(3) : version(ApiKeys.SYNC_GROUP);
            ObjectNode request = JSON.objectNode().put("groupId", group).put("generationId", generation);
            request.put("memberId", idName());
            if (version >= 3) {
                request.set("groupInstanceId", instance());
            }
            if (version >= 5) {
                request.put("protocolType", protocolType);
                request.put("protocolName", protocolName);
            }
            ObjectNode own = JSON.objectNode().put("memberId", idName()).put("assignment", "AAEAAAABAAVhbHBoYQAAAAA=");
            request.set("assignments", JSON.arrayNode().add(own));
            ask(new Step(ApiKeys.SYNC_GROUP, version, Step.Listener.BROKER, request));
        }

        Step heartbeatStep(int generation) {
            int version = isStatic ? 3 + random.nextInt(2) : version(ApiKeys.HEARTBEAT);
            ObjectNode request = JSON.objectNode().put("groupId", group).put("generationId", generation);
            request.put("memberId", idName());
            if (version >= 3) {
                request.set("groupInstanceId", instance());
            }
            return new Step(ApiKeys.HEARTBEAT, version, Step.Listener.BROKER, request);
        }

        void heartbeat(int generation) throws IOException {
            ask(heartbeatStep(generation));
        }

        @Override
        public void close() throws IOException {
            for (RawConnection connection : connections) {
                connection.close();
            }
        }

        /** A ConsumerProtocolSubscription of version 0 in base 64. */
        private static String subscription(String topic) {
            ByteBuffer bytes = ByteBuffer.allocate(2 + 4 + 2 + topic.length() + 4);
            bytes.putShort((short) 0).putInt(1).putShort((short) topic.length());
            bytes.put(topic.getBytes(StandardCharsets.UTF_8)).putInt(-1);
            return Base64.getEncoder().encodeToString(bytes.array());
        }
    }
}
