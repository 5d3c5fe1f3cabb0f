package ottla.broker.api;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.log.append.AppendResult;
import ottla.log.append.RecordError;
import ottla.log.producer.AppendOrigin;
import ottla.replication.io.Acks;
import ottla.replication.io.ParkedProgress;
import ottla.replication.io.Replica;
import ottla.wire.compress.Codec;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ProduceRequest;
import ottla.wire.message.ProduceRequest.PartitionProduceData;
import ottla.wire.message.ProduceRequest.TopicProduceData;
import ottla.wire.message.ProduceResponse;
import ottla.wire.message.ProduceResponse.BatchIndexAndErrorMessage;
import ottla.wire.message.ProduceResponse.LeaderIdAndEpoch;
import ottla.wire.message.ProduceResponse.NodeEndpoint;
import ottla.wire.message.ProduceResponse.PartitionProduceResponse;
import ottla.wire.message.ProduceResponse.TopicProduceResponse;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchDefect;
import ottla.wire.record.Batches;

/**
 * Appends records. All of it happens on the connection's loop: the batches are stamped in the buffer that they came in and written
 * from there; only a producer that wants all replicas to have them may have to wait.
 */
public final class ProduceApi implements Api<ProduceRequest> {
    private static final int TOPIC_ID_VERSION = 13;

    /** The first version whose clients know zstd (KIP-110). */
    private static final int ZSTD_VERSION = 7;

    private static final int LEADER_HINT_VERSION = 10;

    /** The one client that Kafka lets write to the topics of the coordinators. */
    private static final String INTERNAL_WRITER = "__admin_client";

    private final Partitions partitions;
    private final ClusterView cluster;

    public ProduceApi(Partitions partitions, ClusterView cluster) {
        this.partitions = partitions;
        this.cluster = cluster;
    }

    @Override
    public ApiKey key() {
        return ApiKey.PRODUCE;
    }

    @Override
    public void serve(ProduceRequest request, InboundRequest inbound) {
        Produce produce = new Produce(request, inbound);
        ErrorCode refused = GarbledRecords.refusal(request);
        if (refused != ErrorCode.NONE) {
            produce.refuse(refused);
            return;
        }
        for (TopicProduceData topic : RepeatedPartitions.merged(request.topicData())) {
            produce.topic(topic);
        }
        if (produce.parked == null) {
            produce.answer();
        } else {
            produce.parked.start(request.timeoutMs());
        }
    }

    /** One request. Owned by its loop. */
    private final class Produce {
        private final ProduceRequest request;
        private final InboundRequest inbound;
        private final List<TopicProduceResponse> topics;
        private final List<Waiting> waiting = new ArrayList<>(0);
        private @Nullable ParkedProgress parked;
        private @Nullable LeaderHints<NodeEndpoint> hints;
        private ErrorCode firstError = ErrorCode.NONE;

        /** A partition whose records are written, and not yet committed or on disk. */
        private record Waiting(List<PartitionProduceResponse> answers, int index) {}

        Produce(ProduceRequest request, InboundRequest inbound) {
            this.request = request;
            this.inbound = inbound;
            topics = new ArrayList<>(request.topicData().size());
        }

        void refuse(ErrorCode error) {
            for (TopicProduceData topic : request.topicData()) {
                List<PartitionProduceResponse> answers = topic.partitionData().stream()
                        .map(data -> failed(data.index(), error))
                        .toList();
                if (!answers.isEmpty()) {
                    topics.add(new TopicProduceResponse(topic.name(), topic.topicId(), answers));
                }
            }
            answer();
        }

        void topic(TopicProduceData topic) {
            List<PartitionProduceResponse> answers =
                    new ArrayList<>(topic.partitionData().size());
            for (PartitionProduceData data : topic.partitionData()) {
                answers.add(partition(topic, data, answers));
            }
            if (!answers.isEmpty()) {
                topics.add(new TopicProduceResponse(topic.name(), topic.topicId(), answers));
            }
        }

        private PartitionProduceResponse partition(
                TopicProduceData topic, PartitionProduceData data, List<PartitionProduceResponse> answers) {
            Partitions.Found found = inbound.version() >= TOPIC_ID_VERSION
                    ? partitions.find(topic.topicId(), data.index())
                    : partitions.find(topic.name(), data.index());
            return switch (found) {
                case Partitions.Found.Nowhere(ErrorCode error) -> {
                    PartitionProduceResponse answer = failed(data.index(), error);
                    yield error == ErrorCode.NOT_LEADER_OR_FOLLOWER ? withLeader(topic, answer) : answer;
                }
                case Partitions.Found.Here(Replica replica) -> append(topic, data, replica, answers);
            };
        }

        private PartitionProduceResponse append(
                TopicProduceData topic,
                PartitionProduceData data,
                Replica replica,
                List<PartitionProduceResponse> answers) {
            Payload records = data.records();
            ErrorCode refused = records == null ? ErrorCode.INVALID_RECORD : check(records);
            if (records == null || refused != ErrorCode.NONE) {
                return failed(data.index(), refused);
            }
            if (request.acks() < -1 || request.acks() > 1) {
                return failed(data.index(), ErrorCode.INVALID_REQUIRED_ACKS);
            }
            if (InternalTopics.contains(replica.name().topic())
                    && !inbound.clientId().equals(INTERNAL_WRITER)) {
                return failed(data.index(), ErrorCode.INVALID_TOPIC_EXCEPTION);
            }
            boolean all = request.acks() == -1;
            ByteBuffer bytes = records.pieces().getFirst();
            AppendResult result = replica.append(bytes, AppendOrigin.CLIENT, all ? Acks.ALL : Acks.LEADER);
            switch (result) {
                case AppendResult.Appended appended -> {
                    await(replica, appended.lastOffset(), answers);
                    return written(data.index(), appended.baseOffset(), appended.appendTimeMs(), replica);
                }
                case AppendResult.AlreadyAppended before -> {
                    await(replica, before.lastOffset(), answers);
                    return written(data.index(), before.baseOffset(), -1, replica);
                }
                case AppendResult.Refused no -> {
                    PartitionProduceResponse answer = refused(data.index(), no, replica);
                    return no.error() == ErrorCode.NOT_LEADER_OR_FOLLOWER ? withLeader(topic, answer) : answer;
                }
            }
        }

        /** A partition takes exactly one batch a request, of the present format. */
        private ErrorCode check(Payload records) {
            Batches batches = Batches.in(records.pieces().getFirst());
            if (!batches.advance()) {
                return batches.defect() == BatchDefect.NONE
                        ? ErrorCode.INVALID_RECORD
                        : batches.defect().error();
            }
            boolean zstd = batches.batch().codecId() == Codec.ZSTD.id();
            if (zstd && inbound.version() < ZSTD_VERSION) {
                return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
            }
            if (batches.advance()) {
                return ErrorCode.INVALID_RECORD;
            }
            // What is only the beginning of another batch is left out, as in any set of batches.
            return batches.defect().error();
        }

        private void await(Replica replica, long lastOffset, List<PartitionProduceResponse> answers) {
            boolean all = request.acks() == -1;
            if (request.acks() == 0 || (all ? replica.isCommitted(lastOffset) : replica.isSecured(lastOffset))) {
                return;
            }
            if (parked == null) {
                parked = new ParkedProgress(inbound.connection().loop(), this::answerAfter);
            }
            parked.add(replica, all ? ParkedProgress.Kind.COMMITTED : ParkedProgress.Kind.SECURED, lastOffset);
            waiting.add(new Waiting(answers, answers.size()));
        }

        private void answerAfter(List<ErrorCode> errors) {
            for (int i = 0; i < errors.size(); i++) {
                if (errors.get(i) != ErrorCode.NONE) {
                    Waiting goal = waiting.get(i);
                    int partition = goal.answers.get(goal.index).index();
                    goal.answers.set(goal.index, failed(partition, errors.get(i)));
                }
            }
            answer();
        }

        private void answer() {
            if (request.acks() == 0) {
                // a producer that wants no answer learns of an error by losing its connection
                if (firstError == ErrorCode.NONE) {
                    inbound.answerNothing();
                } else {
                    inbound.close("a produce request without acknowledgement failed: " + firstError);
                }
                return;
            }
            List<NodeEndpoint> nodes =
                    hints == null ? List.of() : List.copyOf(hints.nodes().values());
            inbound.answer(new ProduceResponse(topics, 0, nodes));
        }

        private PartitionProduceResponse written(int index, long baseOffset, long appendTimeMs, Replica replica) {
            return new PartitionProduceResponse(
                    index,
                    ErrorCode.NONE.code(),
                    baseOffset,
                    appendTimeMs,
                    replica.logStartOffset(),
                    List.of(),
                    null,
                    LeaderIdAndEpoch.DEFAULT);
        }

        private PartitionProduceResponse refused(int index, AppendResult.Refused no, Replica replica) {
            List<BatchIndexAndErrorMessage> errors =
                    new ArrayList<>(no.recordErrors().size());
            for (RecordError error : no.recordErrors()) {
                errors.add(new BatchIndexAndErrorMessage(error.index(), error.message()));
            }
            PartitionProduceResponse answer = failed(index, no.error());
            if (tellsLogStart(no.error())) {
                answer = answer.withLogStartOffset(replica.logStartOffset());
            }
            return errors.isEmpty() ? answer : answer.withRecordErrors(errors).withErrorMessage(no.message());
        }

        /** Where the log begins is told with a fault of the records, not with one of the request or of this broker. */
        private static boolean tellsLogStart(ErrorCode error) {
            return switch (error) {
                case CORRUPT_MESSAGE,
                        UNKNOWN_TOPIC_OR_PARTITION,
                        NOT_LEADER_OR_FOLLOWER,
                        MESSAGE_TOO_LARGE,
                        RECORD_LIST_TOO_LARGE,
                        KAFKA_STORAGE_ERROR,
                        UNKNOWN_TOPIC_ID -> false;
                default -> true;
            };
        }

        private PartitionProduceResponse failed(int index, ErrorCode error) {
            if (firstError == ErrorCode.NONE) {
                firstError = error;
            }
            return PartitionProduceResponse.DEFAULT
                    .withIndex(index)
                    .withErrorCode(error.code())
                    .withBaseOffset(-1);
        }

        private PartitionProduceResponse withLeader(TopicProduceData topic, PartitionProduceResponse answer) {
            if (inbound.version() < LEADER_HINT_VERSION) {
                return answer;
            }
            LeaderHints<NodeEndpoint> known = hints;
            if (known == null) {
                known = new LeaderHints<>(
                        cluster.image(),
                        inbound.connection().listenerName(),
                        (id, at) -> new NodeEndpoint(
                                id, at.host(), at.port(), at.rack().orElse(null)));
                hints = known;
            }
            return known.leaderOf(nameOf(topic), answer.index())
                    .map(leader ->
                            answer.withCurrentLeader(new LeaderIdAndEpoch(leader.leader(), leader.leaderEpoch())))
                    .orElse(answer);
        }

        private String nameOf(TopicProduceData topic) {
            return topic.topicId().equals(Uuid.ZERO)
                    ? topic.name()
                    : cluster.image()
                            .topic(topic.topicId())
                            .map(known -> known.name())
                            .orElse("");
        }
    }
}
