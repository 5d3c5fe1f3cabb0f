package ottla.broker.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.replication.quorum.Endpoint;
import ottla.wire.message.MetadataRequest;
import ottla.wire.message.MetadataRequest.MetadataRequestTopic;
import ottla.wire.message.MetadataResponse;
import ottla.wire.message.MetadataResponse.MetadataResponseTopic;
import ottla.wire.message.ProduceRequest;
import ottla.wire.message.ProduceRequest.PartitionProduceData;
import ottla.wire.message.ProduceRequest.TopicProduceData;
import ottla.wire.message.ProduceResponse;
import ottla.wire.message.ProduceResponse.PartitionProduceResponse;
import ottla.wire.message.Response;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchWriter;

/**
 * An idempotent producer of one partition that wants all in-sync replicas to have its records, and sends each batch again until it
 * knows.
 */
final class SimulatedProducer {
    private static final long TIMEOUT_MS = 1_500;
    private static final long PAUSE_US = 50_000;
    private static final short ALL = -1;

    /** What passes, and is asked again. */
    private static final Set<ErrorCode> PASSING = EnumSet.of(
            ErrorCode.NOT_LEADER_OR_FOLLOWER,
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            ErrorCode.UNKNOWN_TOPIC_ID,
            ErrorCode.NOT_ENOUGH_REPLICAS,
            ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            ErrorCode.REQUEST_TIMED_OUT,
            ErrorCode.KAFKA_STORAGE_ERROR);

    private final SimulatedHost host;
    private final SimulatedTime time;
    private final SimulatedNetwork network;
    private final SplittableRandom random;
    private final CommittedHistory history;
    private final List<Integer> brokers;
    private final TopicPartition partition;
    private final long producerId;
    private final BiPredicate<Integer, TopicPartition> succeeded;
    private List<String> batch = List.of();
    private Uuid topicId = Uuid.ZERO;
    private int leader = -1;
    private int nextSequence;
    private int nextValue;
    private boolean ending;

    /** @param succeeded whether another broker has come to lead a partition after one that did */
    SimulatedProducer(
            SimulatedHost host,
            SimulatedTime time,
            SimulatedNetwork network,
            SplittableRandom random,
            CommittedHistory history,
            List<Integer> brokers,
            TopicPartition partition,
            long producerId,
            BiPredicate<Integer, TopicPartition> succeeded) {
        this.host = host;
        this.time = time;
        this.network = network;
        this.random = random;
        this.history = history;
        this.brokers = brokers;
        this.partition = partition;
        this.producerId = producerId;
        this.succeeded = succeeded;
    }

    void start() {
        host.after(0, this::compose);
    }

    /** Sends nothing new any more. */
    void end() {
        ending = true;
    }

    boolean isDone() {
        return ending && batch.isEmpty();
    }

    private void compose() {
        if (ending) {
            return;
        }
        List<String> values = new ArrayList<>();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            values.add(producerId + "-" + nextValue++);
        }
        batch = values;
        attempt();
    }

    private void attempt() {
        if (leader < 0) {
            ask();
            return;
        }
        BatchWriter writer = BatchWriter.at(0).producer(producerId, (short) 0, nextSequence);
        batch.forEach(value -> writer.append(time.millis(), null, bytes(value)));
        ProduceRequest request = new ProduceRequest(
                null,
                ALL,
                (int) TIMEOUT_MS,
                List.of(new TopicProduceData(
                        partition.topic(),
                        topicId,
                        List.of(new PartitionProduceData(partition.partition(), Payload.of(writer.build()))))));
        network.send(host, "client", address(leader), request, TIMEOUT_MS + 500)
                .whenComplete((response, failure) -> host.after(0, () -> answered(response)));
    }

    private static ByteBuffer bytes(String value) {
        return ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8));
    }

    private void answered(@Nullable Response response) {
        if (response instanceof ProduceResponse produced) {
            PartitionProduceResponse answer =
                    produced.responses().getFirst().partitionResponses().getFirst();
            ErrorCode error = ErrorCode.of(answer.errorCode());
            if (error == ErrorCode.NONE) {
                history.acknowledge(partition, answer.baseOffset(), batch);
                settled();
                return;
            }
            if (error == ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
                history.acknowledgeSomewhere(partition, batch);
                settled();
                return;
            }
            // a leader that does not know yet that there is another has missed some batches
            boolean outdated = error == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER && succeeded.test(leader, partition);
            if (!PASSING.contains(error) && !outdated) {
                throw new AssertionError(
                        "a producer of " + partition + " was told " + error + ": " + answer.errorMessage());
            }
        }
        leader = -1;
        host.after(PAUSE_US + random.nextLong(PAUSE_US), this::attempt);
    }

    private void settled() {
        nextSequence += batch.size();
        batch = List.of();
        host.after(random.nextInt(3) == 0 ? 300_000 : random.nextLong(60_000), this::compose);
    }

    /** Who leads, as some broker has it. */
    private void ask() {
        MetadataRequest request = new MetadataRequest(
                List.of(new MetadataRequestTopic(Uuid.ZERO, partition.topic())), false, false, false);
        int broker = brokers.get(random.nextInt(brokers.size()));
        network.send(host, "client", address(broker), request, 1_000)
                .whenComplete((response, failure) -> host.after(0, () -> told(response)));
    }

    private void told(@Nullable Response response) {
        if (response instanceof MetadataResponse metadata) {
            learn(metadata.topics().getFirst());
        }
        if (leader >= 0) {
            attempt();
        } else {
            host.after(PAUSE_US + random.nextLong(PAUSE_US), this::attempt);
        }
    }

    private void learn(MetadataResponseTopic topic) {
        topicId = topic.topicId();
        topic.partitions().stream()
                .filter(one -> one.partitionIndex() == partition.partition())
                .forEach(one -> leader = one.leaderId());
    }

    private static Endpoint address(int broker) {
        return new Endpoint("n" + broker, SimulatedNode.clientPort(broker));
    }
}
