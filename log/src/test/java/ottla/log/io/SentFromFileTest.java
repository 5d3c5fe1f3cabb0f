package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.log.producer.AppendOrigin;
import ottla.wire.io.FilePayload;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchDefect;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;

/** Large cold reads leave the bytes in the file; what the socket then takes are whole batches, those that were asked for. */
class SentFromFileTest {
    private static final int LARGE_BYTES = 200_000;

    private final SplittableRandom random = new SplittableRandom(7);
    private TestLogs logs;
    private Log log;

    @BeforeEach
    void a_log_of_three_segments_on_a_real_disk(@TempDir Path directory) {
        logs = new TestLogs(new FileDisk(directory));
        log = logs.open(TestLogs.config(Map.of("segment.bytes", String.valueOf(1 << 20))));
        while (log.segmentCount() < 3) {
            append(1 + random.nextInt(3_000));
        }
        for (int i = 0; i < 100; i++) {
            append(1 + random.nextInt(3_000));
        }
    }

    @Test
    void every_batch_comes_once_and_in_order() {
        long offset = 0;
        int fromFiles = 0;
        while (offset < log.endOffset()) {
            Payload payload = cold(offset, log.endOffset(), LARGE_BYTES).runToSend();
            fromFiles += payload instanceof FilePayload ? 1 : 0;
            assertThat(payload.sizeBytes()).isBetween(1, LARGE_BYTES);
            Batches batches = Batches.in(payload.contiguous());
            while (batches.advance()) {
                BatchView batch = batches.batch();
                assertThat(batch.baseOffset()).isEqualTo(offset);
                assertThat(batch.isChecksumValid()).isTrue();
                offset = batch.endOffset();
            }
            assertThat(batches.defect()).isEqualTo(BatchDefect.NONE);
            payload.release();
        }
        assertThat(fromFiles).isGreaterThan(9);
    }

    @Test
    void any_offset_is_found() {
        for (int i = 0; i < 200; i++) {
            long offset = random.nextLong(log.endOffset());
            Payload payload = cold(offset, log.endOffset(), LARGE_BYTES).runToSend();
            assertThat(new BatchView(payload.contiguous(), 0).baseOffset()).isEqualTo(offset);
            payload.release();
        }
    }

    @Test
    void nothing_is_sent_that_the_reader_may_not_see() {
        long bound = log.endOffset() - 2;
        Payload payload = cold(log.activeSegmentBaseOffset(), bound, 1 << 20).runToSend();
        for (BatchView batch : Batches.each(payload.contiguous())) {
            assertThat(batch.lastOffset()).isLessThan(bound);
        }
        payload.release();
    }

    @Test
    void small_reads_are_copied() {
        Payload payload = cold(0, log.endOffset(), 10_000).runToSend();
        assertThat(payload).isNotInstanceOf(FilePayload.class);
        payload.release();
    }

    @Test
    void a_file_stays_readable_until_its_bytes_are_released() {
        Payload payload = cold(0, log.endOffset(), LARGE_BYTES).runToSend();
        assertThat(payload).isInstanceOf(FilePayload.class);
        log.remove();
        logs.pass(60_000);
        assertThat(new BatchView(payload.contiguous(), 0).isChecksumValid()).isTrue();
        payload.release();
        assertThat(((FilePayload) payload).channel().isOpen()).isFalse();
    }

    private ColdRead cold(long offset, long boundOffset, int maxBytes) {
        return ((ReadResult.Cold) log.read(offset, boundOffset, maxBytes, ReadLeast.ONE_BATCH)).read();
    }

    private void append(int sizeBytes) {
        log.appendAsLeader(TestLogs.batch(logs.nowMs(), "x".repeat(sizeBytes)), 0, AppendOrigin.CLIENT, logs.nowMs());
    }
}
