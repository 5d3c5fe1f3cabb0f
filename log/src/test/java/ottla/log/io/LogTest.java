package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;
import ottla.wire.record.RecordView;

class LogTest {
    private final MemoryDisk disk = new MemoryDisk();
    private final TestLogs logs = new TestLogs(disk);

    @Test
    void appended_records_are_read_from_disk_and_from_memory() {
        Log log = logs.open(LogConfig.DEFAULT);
        assertThat(append(log, "a", "b")).isEqualTo(new AppendResult.Appended(0, 1, -1, sizeOf("a", "b")));

        assertThat(log.read(0, log.endOffset(), 1 << 20, ReadLeast.ONE_BATCH)).isInstanceOf(ReadResult.Cold.class);
        assertThat(values(log, 0)).containsExactly("a", "b");

        // A reader at the end is what the tail is kept for.
        assertThat(payload(log.read(2, log.endOffset(), 1 << 20, ReadLeast.ONE_BATCH))
                        .sizeBytes())
                .isZero();
        append(log, "c");
        assertThat(log.read(2, log.endOffset(), 1 << 20, ReadLeast.ONE_BATCH)).isInstanceOf(ReadResult.Batches.class);
        assertThat(values(log, 2)).containsExactly("c");
        assertThat(values(log, 0)).containsExactly("a", "b", "c");
    }

    @Test
    void a_log_rolls_and_opens_again_with_all_its_segments() {
        LogConfig config = TestLogs.config(Map.of("internal.segment.bytes", "300"));
        Log log = logs.open(config);
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            append(log, "value " + i);
            all.add("value " + i);
        }
        assertThat(log.segmentCount()).isGreaterThan(5);
        assertThat(values(log, 0)).isEqualTo(all);
        log.close();

        Log again = logs.open(config, Stop.CLEAN, 0, log.recoveryPoint());
        assertThat(again.endOffset()).isEqualTo(30);
        assertThat(values(again, 0)).isEqualTo(all);
        assertThat(append(again, "more")).isInstanceOf(AppendResult.Appended.class);
        again.abandon();

        Log recovered = logs.open(config, Stop.UNCLEAN, 0, 0);
        assertThat(recovered.endOffset()).isEqualTo(31);
        all.add("more");
        assertThat(values(recovered, 0)).isEqualTo(all);
    }

    private AppendResult append(Log log, String... values) {
        return log.appendAsLeader(TestLogs.batch(logs.nowMs(), values), 3, AppendOrigin.CLIENT, logs.nowMs());
    }

    private static int sizeOf(String... values) {
        return TestLogs.batch(0, values).remaining();
    }

    /** Everything from an offset on, in as many reads as it takes. */
    static List<String> values(Log log, long fromOffset) {
        List<String> values = new ArrayList<>();
        long offset = fromOffset;
        while (offset < log.endOffset()) {
            Payload payload = payload(log.read(offset, log.endOffset(), 200, ReadLeast.ONE_BATCH));
            for (BatchView batch : Batches.each(payload.contiguous())) {
                for (RecordView record : batch.recordViews(1 << 20)) {
                    values.add(TestLogs.text(record.value()));
                }
                offset = batch.endOffset();
            }
            payload.release();
        }
        return values;
    }

    static Payload payload(ReadResult result) {
        return switch (result) {
            case ReadResult.Batches batches -> batches.records();
            case ReadResult.Cold cold -> cold.read().run();
            case ReadResult.OutOfRange out -> throw new AssertionError(out.toString());
        };
    }
}
