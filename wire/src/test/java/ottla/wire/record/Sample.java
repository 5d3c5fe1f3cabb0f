package ottla.wire.record;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import ottla.wire.compress.Codec;

/** Seeded random content of a batch, to be built by this code and by Kafka's. */
record Sample(
        long baseOffset,
        Codec codec,
        int leaderEpoch,
        long producerId,
        short producerEpoch,
        int baseSequence,
        TimestampType timestampType,
        long appendTimeMs,
        Kind kind,
        List<RecordView> records) {
    enum Kind {
        PLAIN,
        TRANSACTIONAL
    }

    static Sample random(Random random) {
        List<RecordView> records = new ArrayList<>();
        long baseOffset = pick(random, 0, 1, random.nextInt(), Long.MAX_VALUE - 100_000);
        baseOffset = Math.abs(baseOffset);
        boolean idempotent = random.nextBoolean();
        int baseSequence = idempotent
                ? (int) pick(random, 0, random.nextInt(1000), Integer.MAX_VALUE - 2)
                : BatchLayout.NO_SEQUENCE;
        long offset = baseOffset;
        TimestampType type = random.nextInt(4) == 0 ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
        long appendTimeMs = type == TimestampType.LOG_APPEND_TIME ? 1_700_000_000_000L + random.nextInt() : -1;
        int count = 1 + random.nextInt(random.nextInt(20) == 0 ? 400 : 20);
        for (int i = 0; i < count; i++) {
            long timestampMs = pick(random, 0, 1_700_000_000_000L + random.nextInt(), random.nextLong() >>> 2, -1);
            int sequence = BatchView.sequenceAfter(baseSequence, (int) (offset - baseOffset));
            records.add(new RecordView(
                    offset, timestampMs, sequence, bytes(random, 40), bytes(random, 300), headers(random)));
            offset += random.nextInt(10) == 0 ? 1 + random.nextInt(100) : 1;
        }
        return new Sample(
                baseOffset,
                Codec.ALL.get(random.nextInt(Codec.ALL.size())),
                random.nextInt(100) - 1,
                idempotent ? random.nextInt(1_000_000) : BatchLayout.NO_PRODUCER_ID,
                idempotent ? (short) random.nextInt(100) : BatchLayout.NO_PRODUCER_EPOCH,
                baseSequence,
                type,
                appendTimeMs,
                idempotent && random.nextBoolean() ? Kind.TRANSACTIONAL : Kind.PLAIN,
                records);
    }

    /** The batch as this code writes it. */
    ByteBuffer written() {
        BatchWriter writer = BatchWriter.at(baseOffset)
                .compressedWith(codec)
                .leaderEpoch(leaderEpoch)
                .producer(producerId, producerEpoch, baseSequence);
        if (timestampType == TimestampType.LOG_APPEND_TIME) {
            writer.appendTime(appendTimeMs);
        }
        if (kind == Kind.TRANSACTIONAL) {
            writer.transactional();
        }
        records.forEach(writer::append);
        return writer.build();
    }

    /** The records as a reader sees them: with the append time where that counts. */
    List<RecordView> seen() {
        if (timestampType == TimestampType.CREATE_TIME) {
            return records;
        }
        return records.stream()
                .map(r -> new RecordView(r.offset(), appendTimeMs, r.sequence(), r.key(), r.value(), r.headers()))
                .toList();
    }

    private static List<RecordHeader> headers(Random random) {
        List<RecordHeader> headers = new ArrayList<>();
        for (int i = random.nextInt(8) - 4; i > 0; i--) {
            headers.add(new RecordHeader("h\u00e9" + random.nextInt(3), bytes(random, 20)));
        }
        return headers;
    }

    private static @Nullable ByteBuffer bytes(Random random, int maxBytes) {
        if (random.nextInt(5) == 0) {
            return null;
        }
        byte[] bytes = new byte[random.nextInt(maxBytes)];
        if (random.nextBoolean()) {
            random.nextBytes(bytes);
        }
        return ByteBuffer.wrap(bytes);
    }

    private static long pick(Random random, long... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
