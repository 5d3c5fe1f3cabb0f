package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.format.Checkpoint;
import ottla.log.producer.AppendOrigin;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.Batches;
import ottla.wire.record.RecordView;

class LogCleanerTest {
    private static final LogConfig CONFIG = TestLogs.config(
            Map.of("cleanup.policy", "compact", "internal.segment.bytes", "1000", "file.delete.delay.ms", "60000"));
    private static final LogCleaner.Settings SETTINGS =
            new LogCleaner.Settings(1, 1 << 20, 0.9, 1 << 14, Double.MAX_VALUE, 1_000);
    private static final LogStore.Limits LIMITS = new LogStore.Limits(100, 1 << 20, 1 << 20, 86_400_000);
    private static final Uuid ID = new Uuid(3, 4);
    private static final TopicPartition A = new TopicPartition("a", 0);
    private static final TopicPartition B = new TopicPartition("b", 0);
    private static final int RECORDS_BYTES_MAX = 1 << 16;

    private final MemoryDisk disk = new MemoryDisk();
    private final ManualBackground background = new ManualBackground();
    private LogStore store = open();
    private Runnable beforeLocking = () -> {};

    private LogStore open() {
        return LogStore.open(
                List.of(LogDirectory.open(disk)),
                LIMITS,
                background,
                () -> Instant.ofEpochMilli(1_000),
                new SplittableRandom(1));
    }

    private LogCleaner cleaner(TopicPartition... partitions) {
        List<CleanableLog> logs = new ArrayList<>();
        for (TopicPartition partition : partitions) {
            logs.add(new Held(partition));
        }
        return new LogCleaner(SETTINGS, store, () -> logs, () -> Instant.ofEpochMilli(1_000));
    }

    /** A log that this test and the cleaner use in turn. */
    private final class Held implements CleanableLog {
        private final TopicPartition partition;

        Held(TopicPartition partition) {
            this.partition = partition;
        }

        @Override
        public TopicPartition partition() {
            return partition;
        }

        @Override
        public <T> Optional<T> locked(BiFunction<Log, Long, T> deed) {
            beforeLocking.run();
            return store.find(partition).map(log -> deed.apply(log, log.endOffset()));
        }
    }

    private Log filled(TopicPartition partition, int count, int keys) {
        Log log = store.log(partition, CONFIG, ID);
        for (int i = 0; i < count; i++) {
            ByteBuffer key = TestLogs.bytes("key " + i % keys);
            ByteBuffer batch = BatchWriter.at(0)
                    .append(1_000, key, TestLogs.bytes("value " + i))
                    .build();
            log.appendAsLeader(batch, 0, AppendOrigin.CLIENT, 1_000);
        }
        return log;
    }

    private static List<String> values(Log log) {
        List<String> values = new ArrayList<>();
        long offset = log.logStartOffset();
        Payload payload;
        do {
            payload = LogTest.payload(log.read(offset, log.endOffset(), 1 << 20, ReadLeast.ONE_BATCH));
            for (BatchView batch : Batches.each(payload.contiguous())) {
                for (RecordView record : batch.recordViews(RECORDS_BYTES_MAX)) {
                    values.add(TestLogs.text(record.value()));
                }
                offset = batch.endOffset();
            }
            payload.release();
        } while (payload.sizeBytes() > 0);
        return values;
    }

    @Test
    void the_newest_of_each_key_is_left_and_what_was_cleaned_is_known_after_a_restart() {
        Log log = filled(A, 100, 3);
        long sealed = log.activeSegmentBaseOffset();
        LogCleaner cleaner = cleaner(A);
        long before = log.sizeBytes();

        assertThat(cleaner.cleanDirtiest()).isTrue();

        assertThat(log.sizeBytes()).isLessThan(before / 2);
        assertThat(log.logStartOffset()).isZero();
        assertThat(log.endOffset()).isEqualTo(100);
        assertThat(values(log)).hasSizeLessThan(30).contains("value 97", "value 98", "value 99");
        assertThat(cleaner.cleanDirtiest()).as("nothing is dirty any more").isFalse();
        assertThat(disk.bytes(Checkpoint.CLEANER)).asString().isEqualTo("0\n1\na 0 " + sealed + "\n");
        store.close();
        store = open();
        assertThat(values(store.log(A, CONFIG, ID))).contains("value 97", "value 98", "value 99");
        assertThat(cleaner(A).cleanDirtiest()).isFalse();
        store.remove(A, CONFIG);
        assertThat(store.cleanedTo(A)).as("another topic of this name").isEmpty();
    }

    @Test
    void the_dirtiest_goes_first() {
        filled(A, 100, 3);
        LogCleaner cleaner = cleaner(A, B);
        cleaner.cleanDirtiest();
        filled(A, 40, 3);
        filled(B, 60, 3);

        assertThat(cleaner.cleanDirtiest()).isTrue();

        assertThat(store.cleanedTo(B)).isPresent();
        assertThat(store.cleanedTo(A).orElseThrow())
                .as("only as the first time")
                .isLessThan(100);
    }

    @Test
    void a_read_that_was_planned_before_finds_the_old_segments() {
        Log log = filled(A, 100, 3);
        ReadResult read = log.read(0, 100, 1 << 20, ReadLeast.ONE_BATCH);

        cleaner(A).cleanDirtiest();

        assertThat(read).isInstanceOf(ReadResult.Cold.class);
        Payload payload = LogTest.payload(read);
        assertThat(new BatchView(payload.contiguous(), 0).baseOffset()).isZero();
        payload.release();
        assertThat(disk.list("a-0")).anyMatch(name -> name.endsWith(".deleted"));
        background.pass(60_000);
        assertThat(disk.list("a-0")).noneMatch(name -> name.endsWith(".deleted"));
    }

    @Test
    void a_damaged_log_is_left_alone() {
        Log log = filled(A, 100, 3);
        byte[] bytes = disk.bytes("a-0/00000000000000000000.log");
        bytes[bytes.length - 1] ^= 1;
        try (DiskFile file = disk.open("a-0/00000000000000000000.log")) {
            file.write(ByteBuffer.wrap(bytes), 0);
        }
        int segments = log.segmentCount();
        LogCleaner cleaner = cleaner(A);

        cleaner.cleanDirtiest();

        assertThat(cleaner.uncleanable()).containsExactly(A);
        assertThat(log.segmentCount()).isEqualTo(segments);
        assertThat(disk.list("a-0")).noneMatch(name -> name.endsWith(".cleaned") || name.endsWith(".swap"));
        assertThat(cleaner.cleanDirtiest()).isFalse();
    }

    @Test
    void a_pass_is_given_up_when_the_log_is_cut_at_any_moment_of_it() {
        for (int moment = 1; moment < 8; moment++) {
            TopicPartition partition = new TopicPartition("cut", moment);
            Log log = filled(partition, 100, 100);
            LogCleaner cleaner = cleaner(partition);
            int[] locked = {moment};
            beforeLocking = () -> {
                if (locked[0]-- == 0) {
                    log.truncateTo(40);
                }
            };

            cleaner.cleanDirtiest();

            beforeLocking = () -> {};
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                expected.add("value " + i);
            }
            log.truncateTo(40);
            assertThat(values(log)).as("cut at moment " + moment).isEqualTo(expected);
            assertThat(cleaner.uncleanable()).isEmpty();
        }
    }

    @Test
    void what_lies_beyond_a_cut_is_dirty_again() {
        Log log = filled(A, 100, 3);
        LogCleaner cleaner = cleaner(A);
        cleaner.cleanDirtiest();
        log.truncateTo(50);
        filled(A, 60, 3);

        cleaner.cleanDirtiest();

        assertThat(values(log)).hasSizeLessThan(30).contains("value 57", "value 58", "value 59");
    }
}
