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
import ottla.base.Uuid;
import ottla.broker.io.CommittedHistory.Place;
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

    private final SimulatedClient client;
    private final CommittedHistory history;
    private final SimulatedMetadata metadata;
    private final int partition;
    private final long producerId;
    private final BiPredicate<Integer, Place> succeeded;
    private Uuid topicId = Uuid.ZERO;
    private List<String> batch = List.of();
    private int nextSequence;
    private int nextValue;
    private boolean ending;

    /** @param succeeded whether another broker has come to lead a partition after one that did */
    SimulatedProducer(
            SimulatedClient client,
            CommittedHistory history,
            SimulatedMetadata metadata,
            int partition,
            long producerId,
            BiPredicate<Integer, Place> succeeded) {
        this.client = client;
        this.history = history;
        this.metadata = metadata;
        this.partition = partition;
        this.producerId = producerId;
        this.succeeded = succeeded;
    }

    void start() {
        client.after(0, this::compose);
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
        int count = 1 + client.random().nextInt(3);
        for (int i = 0; i < count; i++) {
            values.add(producerId + "-" + nextValue++);
        }
        batch = values;
        attempt();
    }

    private void attempt() {
        if (metadata.leader(partition).isEmpty()) {
            metadata.refresh(this::attempt);
            return;
        }
        if (!metadata.topicId().equals(topicId)) {
            // in a new topic nothing came before this
            topicId = metadata.topicId();
            nextSequence = 0;
        }
        int asked = metadata.leaderId(partition).orElseThrow();
        BatchWriter writer = BatchWriter.at(0).producer(producerId, (short) 0, nextSequence);
        batch.forEach(value -> writer.append(client.millis(), null, bytes(value)));
        ProduceRequest request = new ProduceRequest(
                null,
                ALL,
                (int) TIMEOUT_MS,
                List.of(new TopicProduceData(
                        metadata.topic(),
                        topicId,
                        List.of(new PartitionProduceData(partition, Payload.of(writer.build()))))));
        client.ask(SimulatedNode.address(asked), request, TIMEOUT_MS + 500, response -> answered(asked, response));
    }

    private static ByteBuffer bytes(String value) {
        return ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8));
    }

    private void answered(int asked, @Nullable Response response) {
        if (response instanceof ProduceResponse produced) {
            Place place = new Place(topicId, partition);
            PartitionProduceResponse answer =
                    produced.responses().getFirst().partitionResponses().getFirst();
            ErrorCode error = ErrorCode.of(answer.errorCode());
            if (error == ErrorCode.NONE) {
                history.acknowledge(place, answer.baseOffset(), batch);
                settled();
                return;
            }
            if (error == ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
                history.acknowledgeSomewhere(place, batch);
                settled();
                return;
            }
            // a leader that does not know yet that there is another has missed some batches
            boolean outdated = error == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER && succeeded.test(asked, place);
            if (!PASSING.contains(error) && !outdated) {
                throw new AssertionError(
                        "a producer of " + place + " was told " + error + ": " + answer.errorMessage());
            }
        }
        metadata.refresh(this::attempt);
    }

    private void settled() {
        nextSequence += batch.size();
        batch = List.of();
        SplittableRandom random = client.random();
        client.after(random.nextInt(3) == 0 ? 300_000 : random.nextLong(60_000), this::compose);
    }
}
