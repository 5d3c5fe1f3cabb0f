package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.log.LogConfig;
import ottla.log.append.AppendResult;
import ottla.log.epoch.LeaderEpochs.EpochEnd;
import ottla.log.format.AbortedTransaction;
import ottla.log.producer.AppendOrigin;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.ControlType;
import ottla.wire.record.EndTransactionMarker;

/** Followers, transactions, full disks, sizes and starts: where a log meets its surroundings. */
class LogEdgesTest {
    private final MemoryDisk disk = new MemoryDisk();
    private final TestLogs logs = new TestLogs(disk);

    private AppendResult lead(Log log, ByteBuffer records) {
        return log.appendAsLeader(records, 0, AppendOrigin.CLIENT, logs.nowMs());
    }

    private static ByteBuffer batchAt(long offset, int epoch, String value) {
        return BatchWriter.at(offset)
                .leaderEpoch(epoch)
                .append(5, null, TestLogs.bytes(value))
                .build();
    }

    private static ByteBuffer joined(ByteBuffer... parts) {
        ByteBuffer whole = ByteBuffer.allocate(100_000);
        for (ByteBuffer part : parts) {
            whole.put(part.duplicate());
        }
        return whole.flip();
    }

    @Test
    void a_follower_takes_whole_batches_as_they_are() {
        Log log = logs.open(LogConfig.DEFAULT);
        ByteBuffer first = batchAt(0, 2, "a");
        ByteBuffer afterCompaction = batchAt(7, 3, "b");
        ByteBuffer cut = batchAt(8, 3, "c");
        cut.limit(cut.limit() - 1);
        assertThat(log.appendAsFollower(joined(first, afterCompaction, cut), 5))
                .isEqualTo(new AppendResult.Appended(0, 7, -1, first.remaining() + afterCompaction.remaining()));
        assertThat(log.endOffset()).isEqualTo(8);
        assertThat(log.endOfEpoch(2)).contains(new EpochEnd(2, 7));
        assertThat(log.latestEpoch()).hasValue(3);

        assertThat(log.appendAsFollower(batchAt(7, 3, "again"), 5)).isInstanceOf(AppendResult.Refused.class);
        assertThat(log.appendAsFollower(joined(batchAt(8, 3, "d"), batchAt(9, 6, "of a later leader")), 5))
                .isEqualTo(
                        new AppendResult.Appended(8, 8, -1, batchAt(8, 3, "d").remaining()));
        ByteBuffer broken = batchAt(9, 3, "e");
        broken.put(broken.limit() - 1, (byte) 0x55);
        assertThat(log.appendAsFollower(broken, 5))
                .isInstanceOfSatisfying(
                        AppendResult.Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.CORRUPT_MESSAGE));
        assertThat(log.endOffset()).isEqualTo(9);
        assertThat(log.appendAsFollower(ByteBuffer.allocate(0), 5)).isEqualTo(new AppendResult.Appended(9, 8, -1, 0));
    }

    @Test
    void a_follower_takes_more_at_once_than_a_segment_holds() {
        Log log = logs.open(TestLogs.config(Map.of("internal.segment.bytes", "200")));
        ByteBuffer[] batches = new ByteBuffer[20];
        for (int i = 0; i < batches.length; i++) {
            batches[i] = batchAt(i, 0, "value " + i);
        }
        assertThat(log.appendAsFollower(joined(batches), 0)).isInstanceOf(AppendResult.Appended.class);
        assertThat(log.endOffset()).isEqualTo(20);
        assertThat(log.segmentCount()).isGreaterThan(5);
        assertThat(LogTest.values(log, 0)).hasSize(20);
    }

    @Test
    void a_leader_refuses_more_at_once_than_a_segment_holds() {
        Log log = logs.open(TestLogs.config(Map.of("internal.segment.bytes", "100")));
        assertThat(lead(log, TestLogs.batch(logs.nowMs(), "x".repeat(100))))
                .isInstanceOfSatisfying(
                        AppendResult.Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.RECORD_LIST_TOO_LARGE));
    }

    @Test
    void readers_of_committed_records_are_told_what_was_aborted() {
        Log log = logs.open(TestLogs.config(Map.of("internal.segment.bytes", "600")));
        long opened = log.endOffset();
        transactional(log, 1, 0, "one");
        transactional(log, 2, 0, "two");
        assertThat(log.lastStableOffset(log.endOffset())).isEqualTo(opened);
        marker(log, 2, ControlType.COMMIT);
        assertThat(log.lastStableOffset(log.endOffset())).isEqualTo(opened);
        marker(log, 1, ControlType.ABORT);
        // Ended, but only when the marker itself is replicated does anybody read past it.
        assertThat(log.lastStableOffset(3)).isZero();
        log.onHighWatermark(4);
        assertThat(log.lastStableOffset(4)).isEqualTo(4);
        List<AbortedTransaction> aborted = List.of(new AbortedTransaction(1, 0, 3, 4));
        assertThat(log.abortedTransactions(0, 4).run()).isEqualTo(aborted);
        assertThat(log.abortedTransactions(4, 4).run()).isEmpty();
        log.close();
        Log again = logs.open(TestLogs.config(Map.of("internal.segment.bytes", "600")));
        assertThat(again.abortedTransactions(0, 4).run()).isEqualTo(aborted);
        assertThat(again.producer(1).orElseThrow().transactionFirstOffset()).isEmpty();
    }

    @Test
    void a_marker_of_a_deposed_coordinator_is_refused() {
        Log log = logs.open(LogConfig.DEFAULT);
        transactional(log, 1, 0, "one");
        marker(log, 1, ControlType.COMMIT);
        ByteBuffer stale = new EndTransactionMarker(ControlType.ABORT, 6).batch(0, logs.nowMs(), -1, 1, (short) 0);
        assertThat(log.appendAsLeader(stale, 0, AppendOrigin.COORDINATOR, logs.nowMs()))
                .isInstanceOfSatisfying(
                        AppendResult.Refused.class,
                        refused -> assertThat(refused.error()).isEqualTo(ErrorCode.TRANSACTION_COORDINATOR_FENCED));
    }

    private void transactional(Log log, long producerId, int sequence, String value) {
        ByteBuffer records = BatchWriter.at(0)
                .producer(producerId, (short) 0, sequence)
                .transactional()
                .append(logs.nowMs(), null, TestLogs.bytes(value))
                .build();
        assertThat(lead(log, records)).isInstanceOf(AppendResult.Appended.class);
    }

    private void marker(Log log, long producerId, ControlType type) {
        ByteBuffer records = new EndTransactionMarker(type, 7).batch(0, logs.nowMs(), -1, producerId, (short) 0);
        assertThat(log.appendAsLeader(records, 0, AppendOrigin.COORDINATOR, logs.nowMs()))
                .isInstanceOf(AppendResult.Appended.class);
    }

    @Test
    void a_full_disk_refuses_records_and_takes_them_again_when_there_is_room() {
        Log log = logs.open(LogConfig.DEFAULT);
        lead(log, TestLogs.batch(logs.nowMs(), "first"));
        long used = disk.totalBytes() - disk.usableBytes();
        disk.limit(used + 30);
        for (int i = 0; i < 3; i++) {
            assertThat(lead(log, TestLogs.batch(logs.nowMs(), "does not fit")))
                    .isInstanceOfSatisfying(
                            AppendResult.Refused.class,
                            refused -> assertThat(refused.error()).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR));
        }
        assertThat(LogTest.values(log, 0)).containsExactly("first");
        assertThat(disk.bytes("topic-0/00000000000000000000.log"))
                .hasSize(TestLogs.batch(0, "first").remaining());
        disk.limit(Long.MAX_VALUE);
        assertThat(lead(log, TestLogs.batch(logs.nowMs(), "fits")))
                .isEqualTo(new AppendResult.Appended(
                        1, 1, -1, TestLogs.batch(0, "fits").remaining()));
        log.close();
        assertThat(LogTest.values(logs.open(LogConfig.DEFAULT), 0)).containsExactly("first", "fits");
    }

    @Test
    void segments_roll_by_the_time_in_their_records() {
        Log log = logs.open(TestLogs.config(Map.of("segment.ms", "1000", "message.timestamp.after.max.ms", "100000")));
        long now = logs.nowMs();
        lead(log, TestLogs.batch(now, "a"));
        lead(log, TestLogs.batch(now + 1_000, "b"));
        assertThat(log.segmentCount()).isEqualTo(1);
        lead(log, TestLogs.batch(now + 1_001, "c"));
        assertThat(log.segmentCount()).isEqualTo(2);
        lead(log, TestLogs.batch(-1, "no time of its own"));
        assertThat(log.segmentCount()).isEqualTo(2);

        // The clock counts only for a segment whose first batch has no time.
        logs.pass(1_001);
        lead(log, TestLogs.batch(-1, "no time of its own"));
        assertThat(log.segmentCount()).isEqualTo(2);

        log.roll();
        lead(log, TestLogs.batch(-1, "no time of its own"));
        logs.pass(1_001);
        lead(log, TestLogs.batch(-1, "no time of its own"));
        assertThat(log.segmentCount()).isEqualTo(4);
    }

    @Test
    void a_log_may_be_answered_for_as_far_as_flush_messages_goes_beyond_its_recovery_point() {
        Log log = logs.open(TestLogs.config(Map.of("flush.messages", "3")));
        assertThat(log.securedOffset()).isEqualTo(2);
        lead(log, TestLogs.batch(logs.nowMs(), "a", "b", "c", "d"));
        assertThat(log.recoveryPoint()).isZero();
        log.flush();
        assertThat(log.recoveryPoint()).isEqualTo(4);
        assertThat(log.securedOffset()).isEqualTo(6);
        log.configure(LogConfig.DEFAULT);
        assertThat(log.securedOffset()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void a_flush_covers_what_was_there_when_it_was_planned() {
        Log log = logs.open(LogConfig.DEFAULT);
        lead(log, TestLogs.batch(logs.nowMs(), "a"));
        LogFlush flush = log.planFlush();
        lead(log, TestLogs.batch(logs.nowMs(), "b"));
        log.roll();
        lead(log, TestLogs.batch(logs.nowMs(), "c"));
        flush.run();
        assertThat(log.recoveryPoint()).isEqualTo(1);
        log.planFlush().run();
        assertThat(log.recoveryPoint()).isEqualTo(3);
    }

    @Test
    void a_flush_says_nothing_about_a_log_that_was_cut_meanwhile() {
        Log log = logs.open(LogConfig.DEFAULT);
        lead(log, TestLogs.batch(logs.nowMs(), "a"));
        lead(log, TestLogs.batch(logs.nowMs(), "b"));
        LogFlush flush = log.planFlush();
        log.truncateTo(1);
        lead(log, TestLogs.batch(logs.nowMs(), "c"));
        flush.run();
        assertThat(log.recoveryPoint()).isLessThanOrEqualTo(1);
    }

    @Test
    void offsets_outside_the_log_are_out_of_range() {
        Log log = logs.open(LogConfig.DEFAULT);
        lead(log, TestLogs.batch(logs.nowMs(), "a", "b", "c"));
        log.advanceLogStart(2);
        assertThat(log.read(1, 3, 100, ReadLeast.ONE_BATCH)).isEqualTo(new ReadResult.OutOfRange(2, 3));
        assertThat(log.read(4, 9, 100, ReadLeast.ONE_BATCH)).isEqualTo(new ReadResult.OutOfRange(2, 3));
        assertThat(LogTest.payload(log.read(3, 9, 100, ReadLeast.ONE_BATCH)).sizeBytes())
                .isZero();
    }

    @Test
    void a_batch_that_is_larger_than_all_buffers_is_read() {
        Log log = logs.open(TestLogs.config(Map.of("max.message.bytes", "100000000")));
        String large = "x".repeat(3_000_000);
        lead(log, TestLogs.batch(logs.nowMs(), "small"));
        lead(log, TestLogs.batch(logs.nowMs(), large));
        assertThat(LogTest.payload(log.read(1, 2, 1_000, ReadLeast.NOTHING)).sizeBytes())
                .isZero();
        Payload payload = LogTest.payload(log.read(1, 2, 1_000, ReadLeast.ONE_BATCH));
        assertThat(new BatchView(payload.contiguous(), 0).baseOffset()).isEqualTo(1);
        assertThat(payload.sizeBytes()).isGreaterThan(3_000_000);
        payload.release();
    }

    @Test
    void what_is_read_while_its_segment_is_deleted_is_still_read_and_gone_afterwards() {
        Log log = logs.open(TestLogs.config(Map.of("internal.segment.bytes", "150", "retention.ms", "1000")));
        lead(log, TestLogs.batch(logs.nowMs(), "a"));
        lead(log, TestLogs.batch(logs.nowMs(), "b"));
        ReadResult.Cold cold = (ReadResult.Cold) log.read(0, 2, 1_000, ReadLeast.ONE_BATCH);
        logs.pass(2_000);
        assertThat(log.retain(2, logs.nowMs())).isEqualTo(2);
        assertThat(log.logStartOffset()).isEqualTo(2);
        Payload payload = cold.read().run();
        assertThat(new BatchView(payload.contiguous(), 0).baseOffset()).isZero();
        payload.release();
        logs.pass(60_000);
        assertThatThrownBy(() -> cold.read().run()).isInstanceOf(DiskFailure.class);
        assertThat(disk.list("topic-0")).noneSatisfy(name -> assertThat(name).endsWith(".deleted"));
    }

    @Test
    void a_damaged_index_is_made_anew_and_a_damaged_tail_is_cut() {
        LogConfig config = TestLogs.config(Map.of("index.interval.bytes", "0"));
        Log log = logs.open(config);
        for (int i = 0; i < 5; i++) {
            lead(log, TestLogs.batch(logs.nowMs(), "value " + i));
        }
        log.close();
        logs.crash();
        byte[] index = disk.bytes("topic-0/00000000000000000000.index");
        disk.delete("topic-0/00000000000000000000.index");
        Log without = logs.open(config, Stop.CLEAN, 0, 5);
        assertThat(LogTest.values(without, 0)).hasSize(5);
        without.close();
        logs.crash();
        assertThat(disk.bytes("topic-0/00000000000000000000.index")).isEqualTo(index);

        try (DiskFile data = disk.open("topic-0/00000000000000000000.log")) {
            long lastBatch = data.sizeBytes() - TestLogs.batch(0, "value 4").remaining();
            data.write(TestLogs.bytes("?"), lastBatch + BatchLayout.HEADER_BYTES + 3);
        }
        Log cut = logs.open(config, Stop.UNCLEAN, 0, 0);
        assertThat(cut.endOffset()).isEqualTo(4);
        assertThat(LogTest.values(cut, 0)).hasSize(4);
    }

    @Test
    void a_segment_is_rolled_by_time_at_most_its_jitter_early() {
        Log log = logs.open(TestLogs.config(Map.of(
                "segment.ms", "10000",
                "segment.jitter.ms", "4000",
                "message.timestamp.after.max.ms", "" + Long.MAX_VALUE)));
        Set<Long> ages = new TreeSet<>();
        long firstMs = logs.nowMs();
        for (int i = 0; i < 3_000; i++) {
            int count = log.segmentCount();
            long timestampMs = logs.nowMs() + 100L * i;
            lead(log, TestLogs.batch(timestampMs, "value " + i));
            if (log.segmentCount() > count) {
                ages.add(timestampMs - firstMs);
                firstMs = timestampMs;
            }
        }
        assertThat(ages)
                .hasSizeGreaterThan(3)
                .allSatisfy(ageMs -> assertThat(ageMs).isBetween(6_000L, 10_100L));
    }
}
