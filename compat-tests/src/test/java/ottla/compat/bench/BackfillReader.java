package ottla.compat.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.Records;
import ottla.compat.RawConnection;

/**
 * A consumer that reads a whole partition, eight megabytes at a time, into one buffer: what it would leave to
 * a garbage collector would disturb whoever else is measured in this process.
 */
final class BackfillReader implements AutoCloseable {
    private static final short VERSION = 12;
    private static final int READ_BYTES = 8 << 20;
    private static final int ANSWER_BYTES_MAX = READ_BYTES + (1 << 20);

    private final String topic;
    private final SocketChannel channel;
    private final ByteBuffer answer = ByteBuffer.allocateDirect(ANSWER_BYTES_MAX);
    private long readBytes;

    private BackfillReader(int port, String topic) throws IOException {
        this.topic = topic;
        this.channel = SocketChannel.open(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
    }

    /** Reads to the end, or until it is over, at most so many bytes in a second. */
    static void readAll(int port, String topic, long bytesPerSecond, BooleanSupplier over) throws IOException {
        try (BackfillReader reader = new BackfillReader(port, topic)) {
            long beginNs = System.nanoTime();
            long offset = 0;
            for (long next = reader.readFrom(offset);
                    next > offset && !over.getAsBoolean();
                    next = reader.readFrom(offset)) {
                offset = next;
                long dueNs = beginNs + (long) (reader.readBytes * 1e9 / bytesPerSecond);
                for (long nowNs = System.nanoTime(); nowNs < dueNs; nowNs = System.nanoTime()) {
                    LockSupport.parkNanos(dueNs - nowNs);
                }
            }
        }
    }

    /** The offset after what was read, which is the one given if there is nothing more. */
    private long readFrom(long offset) throws IOException {
        FetchRequestData request = new FetchRequestData()
                .setMaxWaitMs(0)
                .setMinBytes(0)
                .setMaxBytes(READ_BYTES)
                .setSessionEpoch(-1)
                .setTopics(List.of(new FetchRequestData.FetchTopic()
                        .setTopic(topic)
                        .setPartitions(List.of(new FetchRequestData.FetchPartition()
                                .setPartition(0)
                                .setFetchOffset(offset)
                                .setPartitionMaxBytes(READ_BYTES)))));
        ByteBuffer frame = RawConnection.frame(ApiKeys.FETCH, VERSION, request, 1);
        while (frame.hasRemaining()) {
            channel.write(frame);
        }
        receive(Integer.BYTES);
        receive(answer.getInt());
        readBytes += answer.remaining();
        ByteBufferAccessor readable = new ByteBufferAccessor(answer);
        new ResponseHeaderData(readable, ApiKeys.FETCH.responseHeaderVersion(VERSION));
        FetchResponseData.PartitionData data = new FetchResponseData(readable, VERSION)
                .responses()
                .getFirst()
                .partitions()
                .getFirst();
        if (data.errorCode() != 0) {
            throw new AssertionError("error " + data.errorCode() + " at offset " + offset);
        }
        long next = offset;
        for (RecordBatch batch : ((Records) data.records()).batches()) {
            next = batch.nextOffset();
        }
        return next;
    }

    private void receive(int sizeBytes) throws IOException {
        answer.clear().limit(sizeBytes);
        while (answer.hasRemaining()) {
            if (channel.read(answer) < 0) {
                throw new EOFException("the broker closed the connection");
            }
        }
        answer.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
