package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.format.Checkpoint;
import ottla.log.producer.AppendOrigin;

class LogStoreTest {
    private static final LogStore.Limits LIMITS = new LogStore.Limits(100, 1 << 20, 1 << 20, 86_400_000);
    private static final Uuid ID = new Uuid(3, 4);
    private static final TopicPartition A = new TopicPartition("a", 0);
    private static final TopicPartition B = new TopicPartition("b.with-dash", 11);

    private final MemoryDisk disk = new MemoryDisk();
    private final MemoryDisk secondDisk = new MemoryDisk();
    private final ManualBackground background = new ManualBackground();

    private LogStore store() {
        return LogStore.open(
                List.of(LogDirectory.open(disk), LogDirectory.open(secondDisk)),
                LIMITS,
                background,
                () -> Instant.ofEpochMilli(1_000),
                new SplittableRandom(1));
    }

    private static void append(Log log, int count) {
        for (int i = 0; i < count; i++) {
            log.appendAsLeader(TestLogs.batch(1_000, "value " + i), 0, AppendOrigin.CLIENT, 1_000);
        }
    }

    @Test
    void logs_spread_over_directories_and_come_back_after_a_clean_stop() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 3);
        append(store.log(B, LogConfig.DEFAULT, ID), 5);
        assertThat(store.directoryOf(A)).isNotEqualTo(store.directoryOf(B));
        store.saveHighWatermarks(Map.of(A, 2L, B, 5L));
        store.log(B, LogConfig.DEFAULT, ID).advanceLogStart(4);
        store.close(9);

        LogStore again = store();
        assertThat(again.directories()).allSatisfy(directory -> {
            assertThat(directory.stop()).isEqualTo(Stop.CLEAN);
            assertThat(directory.cleanStopBrokerEpoch()).hasValue(9);
        });
        assertThat(again.partitions()).containsExactlyInAnyOrder(A, B);
        assertThat(again.highWatermark(A)).isEqualTo(2);
        assertThat(again.find(A)).isEmpty();
        assertThat(again.openFileCount()).isZero();
        Log log = again.log(B, LogConfig.DEFAULT, ID);
        assertThat(log.logStartOffset()).isEqualTo(4);
        assertThat(log.endOffset()).isEqualTo(5);
        assertThat(log.recoveryPoint()).isEqualTo(5);
        again.close();
    }

    @Test
    void a_cordoned_directory_gets_no_new_logs_as_long_as_there_is_another() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 1);
        LogDirectory cordoned = store.directoryOf(A).orElseThrow();
        LogDirectory open = store.directories().stream()
                .filter(directory -> directory != cordoned)
                .findFirst()
                .orElseThrow();
        store.cordon(List.of(cordoned));
        for (int i = 0; i < 3; i++) {
            TopicPartition partition = new TopicPartition("new", i);
            append(store.log(partition, LogConfig.DEFAULT, ID), 1);
            assertThat(store.directoryOf(partition)).hasValue(open);
        }
        append(store.log(A, LogConfig.DEFAULT, ID), 1);
        store.cordon(store.directories());
        append(store.log(B, LogConfig.DEFAULT, ID), 1);
        assertThat(store.directoryOf(B)).as("nobody is turned away").hasValue(cordoned);
        store.close(1);
    }

    @Test
    void a_log_that_was_not_looked_at_after_a_crash_stays_doubtful() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 3);
        store.log(B, LogConfig.DEFAULT, ID);
        disk.releaseLocks();
        secondDisk.releaseLocks();

        LogStore again = store();
        assertThat(again.directories())
                .allSatisfy(directory -> assertThat(directory.stop()).isEqualTo(Stop.UNCLEAN));
        again.log(A, LogConfig.DEFAULT, ID);
        LogDirectory ofA = again.directoryOf(A).orElseThrow();
        again.close();
        LogStore third = store();
        assertThat(third.directories())
                .allSatisfy(directory -> assertThat(directory.stop())
                        .isEqualTo(directory.disk().equals(ofA.disk()) ? Stop.CLEAN : Stop.UNCLEAN));
        third.log(B, LogConfig.DEFAULT, ID);
        third.close();
        assertThat(store().directories())
                .allSatisfy(directory -> assertThat(directory.stop()).isEqualTo(Stop.CLEAN));
    }

    @Test
    void a_removed_log_is_set_aside_and_deleted_later() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 3);
        Log read = store.find(A).orElseThrow();
        ReadResult.Cold cold = (ReadResult.Cold) read.read(0, 3, 1_000, ReadLeast.ONE_BATCH);
        store.remove(A, LogConfig.DEFAULT);
        assertThat(store.partitions()).isEmpty();
        assertThat(disk.list("")).anySatisfy(name -> assertThat(name).matches("a-0\\.[0-9a-f]{32}-delete"));
        assertThat(cold.read().run().sizeBytes()).isPositive();

        assertThat(store.log(A, LogConfig.DEFAULT, new Uuid(8, 8)).endOffset()).isZero();
        background.pass(60_000);
        assertThat(disk.list("")).noneSatisfy(name -> assertThat(name).endsWith("-delete"));
        assertThatThrownBy(() -> cold.read().run())
                .isInstanceOfSatisfying(
                        DiskFailure.class, failure -> assertThat(failure.kind()).isEqualTo(DiskFailure.Kind.ABSENT));
        store.close();
    }

    @Test
    void a_log_of_a_deleted_topic_of_the_same_name_is_not_taken_for_the_new_one() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 3);
        store.close();
        LogStore again = store();
        assertThat(again.log(A, LogConfig.DEFAULT, new Uuid(9, 9)).endOffset()).isZero();
        again.close();
    }

    @Test
    void what_an_earlier_process_left_of_deleted_logs_is_removed() {
        disk.createDirectory("old-3.0123-delete");
        disk.createDirectory("__cluster_metadata-0");
        disk.createDirectory("t-0-future");
        LogStore store = store();
        assertThat(store.partitions()).isEmpty();
        background.run();
        assertThat(disk.list("")).doesNotContain("old-3.0123-delete").contains("__cluster_metadata-0");
        store.close();
    }

    @Test
    void all_logs_are_loaded_without_leaving_a_file_open() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 3);
        append(store.log(B, LogConfig.DEFAULT, ID), 5);
        store.close();

        LogStore again = store();
        again.load(List.of(wanted(A, ID), wanted(B, ID), wanted(new TopicPartition("new", 0), ID)), 2);
        assertThat(again.openFileCount()).isZero();
        assertThat(again.find(A).orElseThrow().endOffset()).isEqualTo(3);
        assertThat(again.find(B).orElseThrow().endOffset()).isEqualTo(5);
        assertThat(again.partitions()).containsExactlyInAnyOrder(A, B);
        append(again.find(A).orElseThrow(), 1);
        assertThat(again.find(A).orElseThrow().endOffset()).isEqualTo(4);
        again.close();
        assertThat(store().directories())
                .allSatisfy(directory -> assertThat(directory.stop()).isEqualTo(Stop.CLEAN));
    }

    @Test
    void a_log_that_is_shorter_than_what_was_flushed_says_so_at_once() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 3);
        LogDirectory directory = store.directoryOf(A).orElseThrow();
        store.close();
        MemoryDisk ofA = (MemoryDisk) directory.disk();
        ofA.delete(".kafka_cleanshutdown");
        ofA.open("a-0/00000000000000000000.log").truncate(100);

        LogStore again = store();
        again.load(List.of(wanted(A, ID)), 1);
        assertThat(again.find(A).orElseThrow().endOffset()).isLessThan(3);
        assertThat(directory.checkpoint(Checkpoint.RECOVERY_POINT))
                .containsEntry(A, again.find(A).orElseThrow().endOffset());
        again.close();
    }

    /** A log of nine records that are on disk, which is written down. */
    private static Log writtenDown(LogStore store) {
        Log log = store.log(A, LogConfig.DEFAULT, ID);
        append(log, 9);
        log.flush();
        store.saveRecoveryPoints();
        return log;
    }

    @Test
    void a_log_that_is_cut_below_what_was_written_down_says_so_first() {
        LogStore store = store();
        Log log = writtenDown(store);
        LogDirectory directory = store.directoryOf(A).orElseThrow();
        assertThat(directory.checkpoint(Checkpoint.RECOVERY_POINT)).containsEntry(A, 8L);

        // above it, nothing that was written down is wrong
        append(log, 3);
        log.truncateTo(10);
        assertThat(directory.checkpoint(Checkpoint.RECOVERY_POINT)).containsEntry(A, 8L);

        log.truncateTo(5);
        assertThat(directory.checkpoint(Checkpoint.RECOVERY_POINT)).containsEntry(A, log.recoveryStart());
        assertThat(log.recoveryStart()).isLessThan(5);

        append(log, 1);
        log.flush();
        store.saveRecoveryPoints();
        log.resetTo(2);
        assertThat(directory.checkpoint(Checkpoint.RECOVERY_POINT)).containsEntry(A, 2L);
        store.close();
    }

    @Test
    void a_log_that_cannot_be_cut_because_the_disk_is_full_is_as_it_was() {
        FaultyDisk full = new FaultyDisk(1);
        LogStore store = LogStore.open(
                List.of(LogDirectory.open(full)),
                LIMITS,
                background,
                () -> Instant.ofEpochMilli(1_000),
                new SplittableRandom(1));
        Log log = writtenDown(store);
        full.failAfter(0, DiskFailure.Kind.FULL);
        assertThatThrownBy(() -> log.truncateTo(5))
                .isInstanceOfSatisfying(
                        DiskFailure.class, failure -> assertThat(failure.kind()).isEqualTo(DiskFailure.Kind.FULL));
        assertThat(log.endOffset()).isEqualTo(9);
        log.truncateTo(5);
        assertThat(log.endOffset()).isEqualTo(5);
        append(log, 1);
        store.close();
    }

    @Test
    void what_is_written_down_of_a_log_that_was_removed_is_not_taken_for_that_of_its_successor() {
        LogStore store = store();
        writtenDown(store);
        LogDirectory directory = store.directoryOf(A).orElseThrow();
        store.remove(A, LogConfig.DEFAULT);

        append(store.log(A, LogConfig.DEFAULT, new Uuid(5, 6)), 2);
        assertThat(store.directoryOf(A)).contains(directory);
        assertThat(directory.checkpoint(Checkpoint.RECOVERY_POINT)).doesNotContainKey(A);
        store.close();
    }

    @Test
    void a_log_that_nobody_used_is_closed_without_a_write() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 3);
        store.close();

        FaultyDisk copy = new FaultyDisk(1);
        copy.restore(disk.files(), disk.directories());
        LogStore again = LogStore.open(
                List.of(LogDirectory.open(copy)),
                LIMITS,
                background,
                () -> Instant.ofEpochMilli(1_000),
                new SplittableRandom(1));
        again.load(List.of(wanted(A, ID)), 1);
        again.find(A).orElseThrow().beginEpoch(7);
        copy.failAfter(0, DiskFailure.Kind.BROKEN);
        again.find(A).orElseThrow().close();
    }

    @Test
    void a_log_of_no_partition_is_kept_as_stray() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 3);
        disk.releaseLocks();
        secondDisk.releaseLocks();

        LogStore again = store();
        again.load(List.of(), 1);
        assertThat(again.partitions()).isEmpty();
        assertThat(disk.list("")).anySatisfy(name -> assertThat(name).matches("a-0\\.[0-9a-f]+-stray"));
        again.close();
        assertThat(store().directories())
                .allSatisfy(directory -> assertThat(directory.stop()).isEqualTo(Stop.CLEAN));
    }

    @Test
    void a_directory_that_fails_goes_offline_and_the_other_lives_on() {
        FaultyDisk failing = new FaultyDisk(1);
        LogStore store = LogStore.open(
                List.of(LogDirectory.open(failing), LogDirectory.open(secondDisk)),
                LIMITS,
                background,
                () -> Instant.ofEpochMilli(1_000),
                new SplittableRandom(1));
        List<LogDirectory> failed = new ArrayList<>();
        store.onFailure(failed::add);
        Log a = store.log(A, LogConfig.DEFAULT, ID);
        Log b = store.log(B, LogConfig.DEFAULT, ID);
        append(a, 3);
        append(b, 3);
        failing.failAfter(0, DiskFailure.Kind.BROKEN);
        store.saveRecoveryPoints();
        store.saveLogStartOffsets();

        LogDirectory broken = store.directoryOf(A).orElseThrow();
        assertThat(failed).containsExactly(broken);
        assertThat(store.isOnline(broken)).isFalse();
        assertThat(store.find(A)).isEmpty();
        assertThatThrownBy(() -> store.log(A, LogConfig.DEFAULT, ID)).isInstanceOf(DiskFailure.class);
        append(b, 1);
        assertThat(store.find(B).orElseThrow().endOffset()).isEqualTo(4);

        // What is new goes to the other directory; what is known may be in the failed one.
        TopicPartition c = new TopicPartition("c", 0);
        assertThatThrownBy(
                        () -> store.log(c, LogConfig.DEFAULT, ID, new LogStore.Place(LogStore.Origin.KNOWN, Uuid.ZERO)))
                .isInstanceOf(DiskFailure.class)
                .hasMessageContaining("offline");
        store.log(c, LogConfig.DEFAULT, ID, LogStore.Place.NEW);
        assertThat(store.directoryOf(c)).isEqualTo(store.directoryOf(B));

        store.close();
        assertThat(failing.exists(".kafka_cleanshutdown")).isFalse();
        assertThat(secondDisk.exists(".kafka_cleanshutdown")).isTrue();
    }

    @Test
    void a_log_that_cannot_be_read_takes_its_directory_offline_at_the_start() {
        LogStore store = store();
        append(store.log(A, LogConfig.DEFAULT, ID), 3);
        append(store.log(B, LogConfig.DEFAULT, ID), 5);
        disk.releaseLocks();
        secondDisk.releaseLocks();

        FaultyDisk failing = new FaultyDisk(1);
        failing.restore(disk.files(), disk.directories());
        LogStore again = LogStore.open(
                List.of(LogDirectory.open(failing), LogDirectory.open(secondDisk)),
                LIMITS,
                background,
                () -> Instant.ofEpochMilli(1_000),
                new SplittableRandom(1));
        failing.failAfter(0, DiskFailure.Kind.BROKEN);
        again.load(List.of(wanted(A, ID), wanted(B, ID)), 2);
        assertThat(again.directories().stream().map(again::isOnline)).containsExactly(false, true);
        assertThat(again.find(A)).isEmpty();
        assertThat(again.find(B).orElseThrow().endOffset()).isEqualTo(5);
    }

    private static LogStore.Wanted wanted(TopicPartition partition, Uuid topicId) {
        return new LogStore.Wanted(partition, topicId, LogConfig.DEFAULT);
    }

    @Test
    void a_directory_belongs_to_one_process(@TempDir Path root) {
        LogDirectory first = LogDirectory.open(new FileDisk(root));
        assertThatThrownBy(() -> LogDirectory.open(new FileDisk(root)))
                .isInstanceOf(DiskFailure.class)
                .hasMessageContaining("in use by another broker");
        first.close();
        LogDirectory.open(new FileDisk(root)).close();
    }
}
