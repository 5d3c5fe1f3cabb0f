package ottla.compat.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import ottla.compat.RawConnection;

/**
 * Sends the same produce request (acks=all, one batch, one partition) at a steady pace over one connection, whether it is answered
 * or not, so that a broker that stalls is charged for all that had to wait. One thread sends, another takes the answers.
 */
final class PacedProducer {
    private static final short VERSION = 11;
    private static final int CORRELATION_ID = 1;
    static final int RECORD_BYTES = 1_000;

    /** When each request is due. */
    record Pace(long beginNs, long intervalNs) {
        static Pace fromNow(int requestsPerSecond) {
            return new Pace(System.nanoTime(), 1_000_000_000L / requestsPerSecond);
        }

        long dueNs(int request) {
            return beginNs + request * intervalNs;
        }
    }

    private PacedProducer() {}

    /** How long each request took, in nanoseconds since the moment it was due. */
    static long[] run(int port, String topic, int batchBytes, int requests, int requestsPerSecond) throws Exception {
        return run(port, topic, batchBytes, requests, Pace.fromNow(requestsPerSecond));
    }

    static long[] run(int port, String topic, int batchBytes, int requests, Pace pace) throws Exception {
        long[] latenciesNs = new long[requests];
        try (RawConnection connection = new RawConnection(port)) {
            ByteBuffer frame =
                    RawConnection.frame(ApiKeys.PRODUCE, VERSION, request(topic, batchBytes), CORRELATION_ID);
            CompletableFuture<Void> answers = CompletableFuture.runAsync(
                    () -> {
                        for (int i = 0; i < requests; i++) {
                            receive(connection);
                            latenciesNs[i] = System.nanoTime() - pace.dueNs(i);
                        }
                    },
                    SideBySide.THREADS);
            for (int i = 0; i < requests; i++) {
                long dueNs = pace.dueNs(i);
                while (System.nanoTime() < dueNs) {
                    LockSupport.parkNanos(dueNs - System.nanoTime());
                }
                connection.sendBytes(frame.duplicate());
            }
            answers.join();
        }
        return latenciesNs;
    }

    /** A produce request of one batch. */
    static ByteBuffer frame(String topic, int batchBytes) {
        return RawConnection.frame(ApiKeys.PRODUCE, VERSION, request(topic, batchBytes), CORRELATION_ID);
    }

    /** Reads the answer to such a request, which must be a good one. */
    static void receive(RawConnection connection) {
        try {
            ProduceResponseData response = (ProduceResponseData)
                    connection.receive(new RawConnection.Sent(ApiKeys.PRODUCE, VERSION, CORRELATION_ID));
            short error = response.responses()
                    .iterator()
                    .next()
                    .partitionResponses()
                    .getFirst()
                    .errorCode();
            if (error != 0) {
                throw new AssertionError("produce was answered with error " + error);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static ProduceRequestData request(String topic, int batchBytes) {
        SplittableRandom random = new SplittableRandom(1);
        SimpleRecord[] records = new SimpleRecord[batchBytes / RECORD_BYTES];
        for (int i = 0; i < records.length; i++) {
            byte[] value = new byte[RECORD_BYTES];
            random.nextBytes(value);
            records[i] = new SimpleRecord(System.currentTimeMillis(), value);
        }
        ProduceRequestData.TopicProduceData data = new ProduceRequestData.TopicProduceData()
                .setName(topic)
                .setPartitionData(List.of(new ProduceRequestData.PartitionProduceData()
                        .setIndex(0)
                        .setRecords(MemoryRecords.withRecords(Compression.NONE, records))));
        ProduceRequestData.TopicProduceDataCollection topics = new ProduceRequestData.TopicProduceDataCollection();
        topics.add(data);
        return new ProduceRequestData().setAcks((short) -1).setTimeoutMs(30_000).setTopicData(topics);
    }
}
