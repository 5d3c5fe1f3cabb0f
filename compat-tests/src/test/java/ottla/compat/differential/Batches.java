package ottla.compat.differential;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;

/** Record bytes from a short description: {@code codec,count,timestamp,producer,epoch,sequence,fault}. */
final class Batches {
    static final List<String> FAULTS =
            List.of("checksum", "cut", "magic-1", "two-batches", "empty", "control", "magic-9");

    private static final int MAGIC_POSITION = 16;

    private Batches() {}

    /** A batch of the producer with the given id, epoch and sequence, or of none where the id is negative. */
    record Description(
            String codec, int count, long timestampMs, String producer, short epoch, int sequence, String fault) {
        static Description parse(String text) {
            String[] parts = text.split(",");
            return new Description(
                    parts[0],
                    Integer.parseInt(parts[1]),
                    Long.parseLong(parts[2]),
                    parts[3],
                    Short.parseShort(parts[4]),
                    Integer.parseInt(parts[5]),
                    parts[6]);
        }
    }

    static byte[] bytes(Description wanted, long producerId, int sequence) {
        byte magic = wanted.fault().equals("magic-1") ? RecordBatch.MAGIC_VALUE_V1 : RecordBatch.MAGIC_VALUE_V2;
        byte[] batch = build(wanted, magic, producerId, sequence);
        switch (wanted.fault()) {
            case "checksum" -> batch[batch.length - 1] ^= 1;
            case "cut" -> batch = Arrays.copyOf(batch, batch.length - 3);
            case "two-batches" -> {
                ByteBuffer two = ByteBuffer.allocate(batch.length * 2);
                batch = two.put(batch).put(batch).array();
            }
            case "empty" -> batch = new byte[0];
            case "magic-9" -> batch[MAGIC_POSITION] = 9;
            default -> {}
        }
        return batch;
    }

    private static byte[] build(Description wanted, byte magic, long producerId, int sequence) {
        boolean producing = producerId >= 0 && magic == RecordBatch.MAGIC_VALUE_V2;
        CompressionType codec = CompressionType.forName(wanted.codec());
        if (magic < RecordBatch.MAGIC_VALUE_V2 && codec == CompressionType.ZSTD) {
            codec = CompressionType.GZIP;
        }
        MemoryRecordsBuilder builder = new MemoryRecordsBuilder(
                ByteBuffer.allocate(1024),
                magic,
                Compression.of(codec).build(),
                TimestampType.CREATE_TIME,
                0L,
                RecordBatch.NO_TIMESTAMP,
                producing ? producerId : RecordBatch.NO_PRODUCER_ID,
                producing ? wanted.epoch() : RecordBatch.NO_PRODUCER_EPOCH,
                producing ? sequence : RecordBatch.NO_SEQUENCE,
                false,
                false,
                RecordBatch.NO_PARTITION_LEADER_EPOCH,
                1024);
        for (int i = 0; i < wanted.count(); i++) {
            byte[] key = ("key-" + i).getBytes(StandardCharsets.UTF_8);
            builder.append(
                    wanted.timestampMs() + i, key, ("value " + i).repeat(5).getBytes(StandardCharsets.UTF_8));
        }
        MemoryRecords records = builder.build();
        byte[] bytes = new byte[records.sizeInBytes()];
        records.buffer().duplicate().get(bytes);
        if (wanted.fault().equals("control")) {
            controlBit(bytes);
        }
        return bytes;
    }

    /** Sets the bit that says "control batch", as no client may, and makes the checksum right again. */
    private static void controlBit(byte[] batch) {
        int checksumPosition = 17;
        int attributesPosition = 21;
        batch[attributesPosition + 1] |= 0x20;
        CRC32C checksum = new CRC32C();
        checksum.update(batch, attributesPosition, batch.length - attributesPosition);
        ByteBuffer.wrap(batch).putInt(checksumPosition, (int) checksum.getValue());
    }
}
