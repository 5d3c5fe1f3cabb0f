package ottla.wire.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ottla.wire.compress.Codec;

/**
 * One batch per kind as hex with what it says below. {@code -Dottla.rewrite=true} writes the files anew, and the diff is reviewed:
 * any difference is a change of what stands on disks. What a library compresses may change with its version, so compressed kinds
 * are compared only as they are read.
 */
final class BatchGolden {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/batch");
    private static final int HEX_BYTES_PER_LINE = 32;
    private static final long TIME_MS = 1_700_000_000_000L;

    private static List<Map.Entry<String, ByteBuffer>> kinds() {
        return List.of(
                Map.entry("plain", records(BatchWriter.at(0))),
                Map.entry("gzip", records(BatchWriter.at(0).compressedWith(Codec.GZIP))),
                Map.entry("snappy", records(BatchWriter.at(0).compressedWith(Codec.SNAPPY))),
                Map.entry("lz4", records(BatchWriter.at(0).compressedWith(Codec.LZ4))),
                Map.entry("zstd", records(BatchWriter.at(0).compressedWith(Codec.ZSTD))),
                Map.entry(
                        "append-time",
                        records(BatchWriter.at(1000).leaderEpoch(4).appendTime(TIME_MS + 500))),
                Map.entry(
                        "idempotent",
                        records(BatchWriter.at(5).leaderEpoch(0).producer(4000, (short) 2, Integer.MAX_VALUE - 1))),
                Map.entry(
                        "transactional",
                        records(BatchWriter.at(5)
                                .leaderEpoch(1)
                                .producer(4000, (short) 2, 17)
                                .transactional())),
                Map.entry(
                        "compacted",
                        BatchWriter.at(100)
                                .leaderEpoch(3)
                                .deleteHorizon(TIME_MS + 86_400_000)
                                .appendAt(103, TIME_MS, utf8("gone"), null, List.of())
                                .appendAt(107, TIME_MS + 1, utf8("kept"), utf8("v"), List.of())
                                .lastOffset(110)
                                .build()),
                Map.entry(
                        "empty",
                        BatchWriter.at(100)
                                .leaderEpoch(3)
                                .producer(4000, (short) 2, 40)
                                .lastOffset(110)
                                .empty(TIME_MS)),
                Map.entry("commit-marker", marker(ControlType.COMMIT)),
                Map.entry("abort-marker", marker(ControlType.ABORT)));
    }

    private static ByteBuffer marker(ControlType type) {
        return new EndTransactionMarker(type, 9).batch(200, TIME_MS, 6, 4000, (short) 2);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void bytesAndMeaningStayTheSame(Map.Entry<String, ByteBuffer> kind) throws IOException {
        ByteBuffer bytes = kind.getValue();
        Path file = GOLDEN.resolve(kind.getKey() + ".txt");
        if (Boolean.getBoolean("ottla.rewrite")) {
            Files.createDirectories(GOLDEN);
            Files.writeString(file, hexLines(bytes) + "\n" + described(bytes));
        }
        String[] parts = Files.readString(file).split("\n\n", 2);
        ByteBuffer golden = ByteBuffer.wrap(HexFormat.of().parseHex(parts[0].replace("\n", "")));

        assertThat(described(golden)).isEqualTo(parts[1]);
        assertThat(described(bytes).replaceFirst("size .*\n", ""))
                .isEqualTo(described(golden).replaceFirst("size .*\n", ""));
        if (!new BatchView(bytes, 0).isCompressed()) {
            assertThat(hexLines(bytes)).isEqualTo(parts[0] + "\n");
        }
    }

    private static ByteBuffer records(BatchWriter writer) {
        return writer.append(TIME_MS, utf8("key"), utf8("value"))
                .append(TIME_MS - 7, null, utf8("x".repeat(150)))
                .append(
                        TIME_MS + 1000,
                        utf8("tombstone"),
                        null,
                        List.of(new RecordHeader("h", utf8("1")), new RecordHeader("h", null)))
                .build();
    }

    private static String described(ByteBuffer bytes) {
        BatchView batch = new BatchView(bytes, 0);
        StringBuilder text = new StringBuilder();
        text.append("size ")
                .append(batch.sizeBytes())
                .append(", checksum ")
                .append(batch.isChecksumValid())
                .append('\n');
        text.append("offsets ")
                .append(batch.baseOffset())
                .append("..")
                .append(batch.lastOffset())
                .append('\n');
        text.append("leader epoch ").append(batch.partitionLeaderEpoch()).append('\n');
        text.append("codec ").append(batch.codec().name()).append('\n');
        text.append("time ")
                .append(batch.timestampType().configName())
                .append(", max ")
                .append(batch.maxTimestamp());
        text.append(", delete horizon ")
                .append(batch.deleteHorizonMs().orElse(-1))
                .append('\n');
        text.append("producer ").append(batch.producerId()).append(" epoch ").append(batch.producerEpoch());
        text.append(" sequences ")
                .append(batch.baseSequence())
                .append("..")
                .append(batch.lastSequence())
                .append('\n');
        text.append("transactional ")
                .append(batch.isTransactional())
                .append(", control ")
                .append(batch.isControl());
        text.append('\n').append(batch.recordCount()).append(" records\n");
        for (RecordView record : batch.recordViews(1 << 20)) {
            text.append(record.offset()).append(" at ").append(record.timestampMs());
            text.append(" sequence ").append(record.sequence()).append(": ");
            text.append(shown(record.key())).append(" = ").append(shown(record.value()));
            record.headers()
                    .forEach(
                            h -> text.append("; ").append(h.key()).append(" = ").append(shown(h.value())));
            text.append('\n');
        }
        return text.toString();
    }

    private static String shown(@Nullable ByteBuffer bytes) {
        if (bytes == null) {
            return "null";
        }
        String text = StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
        return text.chars().allMatch(c -> c > ' ' && c < 127)
                ? text
                : HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String hexLines(ByteBuffer bytes) {
        StringBuilder lines = new StringBuilder();
        for (int from = 0; from < bytes.limit(); from += HEX_BYTES_PER_LINE) {
            byte[] line = new byte[Math.min(HEX_BYTES_PER_LINE, bytes.limit() - from)];
            bytes.get(from, line);
            lines.append(HexFormat.of().formatHex(line)).append('\n');
        }
        return lines.toString();
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
