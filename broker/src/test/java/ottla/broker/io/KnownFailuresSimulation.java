package ottla.broker.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static ottla.broker.io.ReplicationScript.FIRST;
import static ottla.broker.io.ReplicationScript.SECOND;
import static ottla.broker.io.ReplicationScript.THIRD;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.broker.io.SimulatedNetwork.Message;
import ottla.broker.io.SimulatedNetwork.Tampering;
import ottla.wire.message.AlterPartitionRequest;
import ottla.wire.message.AlterPartitionRequest.BrokerState;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.BrokerRegistrationResponse;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchRequest.FetchTopic;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchResponse.EpochEndOffset;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * The failures that gave Kafka's replication its protections, each told twice: as it is, when nothing may be lost and all replicas
 * have to be equal in the end, and with the protection taken out of the messages under way, when the failure has to show.
 */
final class KnownFailuresSimulation {
    /** Two records were committed in one place: one of them is lost. */
    private static final String TWO_HISTORIES = "committed, and node";

    private enum Protection {
        IN_FORCE,
        TAKEN_OUT
    }

    private static void tell(BiConsumer<ReplicationScript, Protection> story) {
        story.accept(new ReplicationScript(), Protection.IN_FORCE);
        assertThatThrownBy(() -> story.accept(new ReplicationScript(), Protection.TAKEN_OUT))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(TWO_HISTORIES);
    }

    /**
     * KIP-101, first case: followers know late what is committed. One that cuts its log down to that, as all did at each change of
     * the leader, and then comes to lead itself, loses what was acknowledged. The leader's epochs tell instead where histories part.
     */
    @Test
    void aFollowerKeepsWhatItDoesNotKnowToBeCommitted() {
        tell((script, protection) -> {
            script.writeToAll(FIRST, "known");
            long known = 1;
            script.network().tamper(new Tampering() {
                @Override
                public Response response(Message message, Response response) {
                    if (message.to() == FIRST) {
                        return answers(
                                script,
                                response,
                                data -> data.withHighWatermark(Math.min(known, data.highWatermark())));
                    }
                    if (message.from() != THIRD || !isTold(script, response)) {
                        return response;
                    }
                    // nothing more gets through after what the new leader says first
                    script.network().cut(SECOND, THIRD);
                    return protection == Protection.IN_FORCE
                            ? response
                            : answers(
                                    script,
                                    response,
                                    data -> data.withDivergingEpoch(new EpochEndOffset(0, known))
                                            .withRecords(null));
                }
            });
            script.writeToAll(FIRST, "acknowledged");
            script.node(FIRST).kill();
            script.untilLedBy(SECOND);
            script.until(
                    "the third follows the second",
                    () -> script.replica(THIRD).leadership().leaderEpoch() == 1);
            script.cutFromControllers(SECOND);
            script.untilLedBy(THIRD);
            script.end();
        });
    }

    /**
     * KIP-101, second case: a leader that was alone with its last record comes back as a follower of one that has another there. Their
     * ends say nothing about it; the epochs do.
     */
    @Test
    void aFormerLeaderGivesUpWhatOnlyItHad() {
        tell((script, protection) -> {
            if (protection == Protection.TAKEN_OUT) {
                script.network().tamper(new Tampering() {
                    @Override
                    public Request request(Message message) {
                        return fetches(script, message.request(), partition -> partition.withLastFetchedEpoch(-1));
                    }
                });
            }
            script.writeToAll(FIRST, "common");
            script.network().cut(FIRST, SECOND);
            script.network().cut(FIRST, THIRD);
            script.writeAlone(FIRST, "alone");
            script.cutFromControllers(FIRST);
            script.untilLedBy(SECOND);
            script.writeToAll(SECOND, "acknowledged");
            script.end();
        });
    }

    /**
     * KIP-279: leaders that follow each other fast. The second has a record of an epoch that the third never heard of, in a place where
     * the third has one of the first leader. The end of the asked epoch alone, or of the one before it, lies beyond: only that the
     * leader's answer is for an earlier epoch than was asked says that they parted.
     */
    @Test
    void anEpochThatTheLeaderNeverHeardOfIsGivenUp() {
        tell((script, protection) -> {
            if (protection == Protection.TAKEN_OUT) {
                script.network().tamper(new Tampering() {
                    @Override
                    public Request request(Message message) {
                        return message.from() == SECOND
                                ? fetches(
                                        script,
                                        message.request(),
                                        partition -> partition.withLastFetchedEpoch(
                                                Math.min(partition.lastFetchedEpoch(), 0)))
                                : message.request();
                    }
                });
            }
            script.writeToAll(FIRST, "common");
            script.network().cut(FIRST, SECOND);
            script.network().cut(SECOND, THIRD);
            for (String value : List.of("one", "two", "three")) {
                script.writeAlone(FIRST, value);
            }
            script.until("the third has it all", () -> script.end(THIRD) == 4);
            script.node(FIRST).kill();
            script.untilLedBy(SECOND);
            script.writeAlone(SECOND, "between");
            script.cutFromControllers(SECOND);
            script.untilLedBy(THIRD);
            script.end();
        });
    }

    /**
     * KIP-320: a broker that does not know that it leads no more is asked by somebody who does, and who has read further than it has
     * records. Told so, a consumer would begin at one end of the log or the other; the epoch in the question prevents it.
     */
    @Test
    void aFormerLeaderDoesNotSendConsumersAway() {
        assertThat(askFormerLeader(Protection.IN_FORCE)).isEqualTo(ErrorCode.UNKNOWN_LEADER_EPOCH);
        assertThat(askFormerLeader(Protection.TAKEN_OUT)).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
    }

    private static ErrorCode askFormerLeader(Protection protection) {
        ReplicationScript script = new ReplicationScript();
        script.writeToAll(FIRST, "common");
        script.network().cut(FIRST, SECOND);
        script.network().cut(FIRST, THIRD);
        script.cutFromControllers(FIRST);
        script.untilLedBy(SECOND);
        script.writeToAll(SECOND, "one");
        script.writeToAll(SECOND, "two");
        assertThat(script.replica(FIRST).isLeader()).as("it still thinks so").isTrue();
        FetchPartition wanted = FetchPartition.DEFAULT
                .withPartition(0)
                .withCurrentLeaderEpoch(protection == Protection.IN_FORCE ? 1 : -1)
                .withFetchOffset(3)
                .withPartitionMaxBytes(1 << 16);
        FetchRequest request = FetchRequest.DEFAULT
                .withMaxBytes(1 << 20)
                .withTopics(List.of(new FetchTopic(ReplicationScript.TOPIC, script.topicId(), List.of(wanted))));
        FetchResponse response = (FetchResponse) script.ask(FIRST, request).orElseThrow();
        script.end();
        return ErrorCode.of(
                response.responses().getFirst().partitions().getFirst().errorCode());
    }

    /**
     * KIP-903: a leader asks to have a follower in sync that had come up to it, and before anybody answers, the follower is back with an
     * empty disk. Whether it is the same as then, the epoch of its registration tells.
     */
    @Test
    void whoWasStartedAgainMeanwhileDoesNotGetInSync() {
        tell((script, protection) -> {
            if (protection == Protection.TAKEN_OUT) {
                script.network().tamper(new Tampering() {
                    @Override
                    public Request request(Message message) {
                        return message.request() instanceof AlterPartitionRequest asked
                                ? withoutEpochs(asked)
                                : message.request();
                    }
                });
            }
            script.stop(THIRD);
            script.untilInSync(FIRST, SECOND);
            script.writeToAll(FIRST, "acknowledged");
            script.network().hold(message -> message.request() instanceof AlterPartitionRequest);
            script.node(THIRD).start();
            script.until("the third has all", () -> script.end(THIRD) == 1);
            script.until("the leader asks for it", () -> script.network().heldCount() > 0);
            script.node(THIRD).loseDisk();
            script.network().cut(FIRST, THIRD);
            script.network().cut(SECOND, THIRD);
            script.node(THIRD).start();
            script.until("it is back", () -> script.node(THIRD).isServing());
            script.network().release();
            script.cluster().pass(SimulatedCluster.SECOND);
            script.cutFromControllers(FIRST);
            script.cutFromControllers(SECOND);
            script.until(
                    "nobody of them leads",
                    () -> !List.of(FIRST, SECOND).contains(script.partition().leader()));
            script.end();
        });
    }

    private static AlterPartitionRequest withoutEpochs(AlterPartitionRequest asked) {
        return asked.withTopics(asked.topics().stream()
                .map(topic -> topic.withPartitions(topic.partitions().stream()
                        .map(partition -> partition.withNewIsrWithEpochs(partition.newIsrWithEpochs().stream()
                                .map(member -> new BrokerState(member.brokerId(), -1))
                                .toList()))
                        .toList()))
                .toList());
    }

    /**
     * KIP-966: the last replica in sync comes back with an empty disk while another, that left in order and has everything, is still
     * away. A broker that cannot say which registration it ended in order is not in sync any more, and does not lead.
     */
    @Test
    void theLastInSyncDoesNotLeadAfterItWasLost() {
        tell((script, protection) -> {
            Map<Integer, Long> epochs = new HashMap<>();
            script.network().tamper(new Tampering() {
                @Override
                public Request request(Message message) {
                    Long epoch = epochs.get(message.from());
                    boolean forged = protection == Protection.TAKEN_OUT;
                    return forged && epoch != null && message.request() instanceof BrokerRegistrationRequest asked
                            ? asked.withPreviousBrokerEpoch(epoch)
                            : message.request();
                }

                @Override
                public Response response(Message message, Response response) {
                    if (response instanceof BrokerRegistrationResponse answer && answer.errorCode() == 0) {
                        epochs.put(message.from(), answer.brokerEpoch());
                    }
                    return response;
                }
            });
            script.stop(FIRST);
            script.untilInSync(SECOND, THIRD);
            script.node(FIRST).start();
            script.untilInSync(FIRST, SECOND, THIRD);
            script.stop(THIRD);
            script.untilInSync(FIRST, SECOND);
            script.until("the second leads", () -> script.partition().leader() == SECOND);
            script.writeToAll(SECOND, "acknowledged");
            script.stop(SECOND);
            script.untilInSync(FIRST);
            script.node(FIRST).loseDisk();
            script.node(FIRST).start();
            script.until("it is back", () -> script.node(FIRST).isServing());
            script.cluster().pass(5 * SimulatedCluster.SECOND);
            script.end();
        });
    }

    // ---- messages

    private static boolean isOurs(ReplicationScript script, Request request) {
        return request instanceof FetchRequest fetch
                && fetch.topics().stream().anyMatch(topic -> topic.topicId().equals(script.topicId()));
    }

    /** Whether a fetch was answered with what there is of the partition. */
    private static boolean isTold(ReplicationScript script, Response response) {
        return response instanceof FetchResponse answer
                && answer.responses().stream()
                        .filter(topic -> topic.topicId().equals(script.topicId()))
                        .anyMatch(topic -> topic.partitions().getFirst().errorCode() == 0);
    }

    private static Request fetches(ReplicationScript script, Request request, UnaryOperator<FetchPartition> change) {
        return isOurs(script, request)
                ? ((FetchRequest) request)
                        .withTopics(((FetchRequest) request)
                                .topics().stream()
                                        .map(topic -> topic.withPartitions(topic.partitions().stream()
                                                .map(change)
                                                .toList()))
                                        .toList())
                : request;
    }

    private static Response answers(ReplicationScript script, Response response, UnaryOperator<PartitionData> change) {
        return isTold(script, response)
                ? ((FetchResponse) response)
                        .withResponses(((FetchResponse) response)
                                .responses().stream()
                                        .map(topic -> topic.withPartitions(topic.partitions().stream()
                                                .map(change)
                                                .toList()))
                                        .toList())
                : response;
    }
}
