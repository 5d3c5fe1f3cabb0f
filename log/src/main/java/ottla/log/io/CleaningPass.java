package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import ottla.log.append.Admission;
import ottla.log.format.AbortedTransaction;
import ottla.log.format.MalformedFile;
import ottla.log.io.Compacting.Step;
import ottla.log.io.Compacting.Work;
import ottla.log.retain.BatchCleaning;
import ottla.log.retain.BatchCleaning.Left;
import ottla.log.retain.CleanedTransactions;
import ottla.log.retain.CompactionPlan;
import ottla.log.retain.KeyOffsets;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;
import ottla.wire.record.RecordCursor;

/**
 * One pass of compaction over one log: notes the newest offset of each key in the dirty part, then writes what is left of all
 * segments up to there into new ones, and puts each in the place of those it was made from.
 *
 * <pre>
 * .cleaned   being written; removed by whoever opens the log      no lock
 * .swap      complete, the old ones still there: now it counts    renamed under the lock, then synced
 *            the old ones renamed to .deleted                     in memory and on disk under the lock, then synced
 * final      the new one under the names of the first old one     renamed under the lock, then synced
 * </pre>
 *
 * Runs on a cleaner thread, which holds the log's lock only where the picture says so, and never while it waits for the disk.
 */
final class CleaningPass {
    /** After so many bytes a pass asks whether it is still wanted, and whether it may go on. */
    private static final int STRIDE_BYTES = 64 << 10;

    private final CleanableLog log;
    private final CompactionPlan plan;
    private final Work work;
    private final Means means;
    private final long nowMs;
    private ByteBuffer out;
    private long strideBytes;
    private long readBytes;
    private long writtenBytes;

    /**
     * What a cleaner thread has for its passes.
     *
     * @param bufferBytes how much is read, and how much is written, at once
     */
    record Means(KeyOffsets offsets, Throttle throttle, int bufferBytes) {}

    /**
     * What came of a pass.
     *
     * @param cleanedTo everything below was seen; more may be left where the keys did not all fit
     */
    record Done(long cleanedTo, long readBytes, long writtenBytes, int keys) {}

    CleaningPass(CleanableLog log, CompactionPlan plan, Work work, Means means, long nowMs) {
        this.log = log;
        this.plan = plan;
        this.work = work;
        this.means = means;
        this.nowMs = nowMs;
        out = ByteBuffer.allocate(means.bufferBytes());
    }

    /**
     * Throws {@link CleaningGivenUp}; {@link DiskFailure}; and, if the log holds what cannot be read, {@link MalformedFile} or
     * {@link ottla.wire.primitive.MalformedMessage}.
     */
    Done run() {
        KeyOffsets offsets = means.offsets();
        offsets.begin(plan.endOffset() - plan.firstDirtyOffset());
        try {
            noteKeys();
            long cleanedTo = offsets.latestOffset() + 1;
            int keys = offsets.count();
            BatchCleaning.Terms terms =
                    new BatchCleaning.Terms(work.config().deleteRetentionMs(), plan.endOffset(), nowMs);
            CleanedTransactions transactions = new CleanedTransactions(work.aborted());
            BatchCleaning cleaning = new BatchCleaning(offsets, transactions, terms);
            List<Segment> noted = CompactionPlan.between(work.segments(), 0, cleanedTo);
            for (List<Segment> group : CompactionPlan.groups(noted, work.config(), plan.endOffset())) {
                cleaning.onProducers(locked(owned -> owned.compacting().lastBatches()));
                clean(group, cleaning, transactions);
            }
            return new Done(cleanedTo, readBytes, writtenBytes, keys);
        } finally {
            offsets.end();
        }
    }

    // ---- the keys of the dirty part

    private void noteKeys() {
        List<AbortedTransaction> aborted = work.aborted().stream()
                .filter(transaction -> transaction.lastOffset() >= plan.firstDirtyOffset())
                .toList();
        CleanedTransactions transactions = new CleanedTransactions(aborted);
        List<Segment> dirty = CompactionPlan.between(work.segments(), plan.firstDirtyOffset(), plan.endOffset());
        for (int i = 0; i < dirty.size(); i++) {
            long end = i + 1 < dirty.size() ? dirty.get(i + 1).baseOffset() : plan.endOffset();
            // An older record goes because of one in here: that one must not be lost when the power goes.
            work.state().flushing.carryOut(dirty.get(i)::sync);
            if (noteKeys(dirty.get(i), end, transactions) == Room.FULL) {
                return;
            }
        }
    }

    private enum Room {
        LEFT,
        FULL
    }

    private Room noteKeys(Segment segment, long endOffset, CleanedTransactions transactions) {
        BatchScan scan = new BatchScan(
                segment.data(),
                segment.positionBefore(plan.firstDirtyOffset()),
                segment.sizeBytes(),
                means.bufferBytes());
        while (scan.advance()) {
            BatchView batch = scan.batch();
            boolean aborted = transactions.discards(batch);
            if (!aborted && !batch.isControl() && noteKeys(batch) == Room.FULL) {
                return Room.FULL;
            }
            if (batch.lastOffset() >= plan.firstDirtyOffset()) {
                means.offsets().reached(batch.lastOffset());
            }
            went(scan.sizeBytes());
        }
        checkWhole(segment, scan);
        means.offsets().reached(endOffset - 1);
        return Room.LEFT;
    }

    private Room noteKeys(BatchView batch) {
        RecordCursor record = batch.records(Admission.OPENED_BYTES_MAX);
        while (record.advance()) {
            ByteBuffer key = record.key();
            if (key != null && record.offset() >= plan.firstDirtyOffset()) {
                if (means.offsets().full()) {
                    return Room.FULL;
                }
                means.offsets().put(key, record.offset());
            }
        }
        return Room.LEFT;
    }

    // ---- what is left

    private void clean(List<Segment> group, BatchCleaning cleaning, CleanedTransactions transactions) {
        String directory = work.state().files.directory().name();
        Disk disk = work.state().shell.disk();
        Segment cleaned = Segment.cleaned(work.state().files, group.getFirst().baseOffset(), nowMs);
        Step replaced = Step.GIVEN_UP;
        try {
            for (Segment segment : group) {
                copy(segment, cleaned, cleaning, transactions);
            }
            writeOut(cleaned);
            cleaned.seal();
            cleaned.sync();
            disk.syncDirectory(directory);
            if (locked(owned -> owned.compacting().offer(work, group, cleaned)) == Step.DONE) {
                disk.syncDirectory(directory);
                replaced = locked(owned -> owned.compacting().replace(work, group, cleaned));
            }
        } finally {
            if (replaced == Step.GIVEN_UP) {
                // If the log is gone, whoever opens it next sees to that.
                log.locked((owned, end) -> owned.compacting().drop(cleaned));
            }
        }
        if (replaced == Step.GIVEN_UP) {
            throw new CleaningGivenUp();
        }
        disk.syncDirectory(directory);
        locked(owned -> {
            owned.compacting().settle(cleaned);
            return Step.DONE;
        });
        disk.syncDirectory(directory);
    }

    private void copy(Segment segment, Segment cleaned, BatchCleaning cleaning, CleanedTransactions transactions) {
        BatchScan scan = new BatchScan(segment.data(), 0, segment.sizeBytes(), means.bufferBytes());
        while (scan.advance()) {
            if (!scan.sound()) {
                // It must not be given a checksum that is right.
                throw damaged(segment, scan);
            }
            BatchView batch = scan.batch();
            switch (cleaning.clean(batch)) {
                case Left.Nothing nothing -> {}
                case Left.All all -> put(batch.bytes(), cleaned);
                case Left.Rewritten rewritten -> put(rewritten.batch(), cleaned);
            }
            transactions.takeKept().forEach(cleaned::addAborted);
            went(scan.sizeBytes());
        }
        checkWhole(segment, scan);
    }

    private static void checkWhole(Segment segment, BatchScan scan) {
        if (scan.position() != segment.sizeBytes()) {
            throw damaged(segment, scan);
        }
    }

    private static MalformedFile damaged(Segment segment, BatchScan scan) {
        return new MalformedFile(segment.data().place(), "no sound batch at position " + scan.position());
    }

    private void put(ByteBuffer batch, Segment cleaned) {
        if (out.remaining() < batch.remaining()) {
            writeOut(cleaned);
        }
        if (out.capacity() < batch.remaining()) {
            out = ByteBuffer.allocate(batch.remaining());
        }
        out.put(batch);
    }

    private void writeOut(Segment cleaned) {
        if (out.position() == 0) {
            return;
        }
        ByteBuffer records = out.flip();
        cleaned.write(records.duplicate());
        Batches batches = Batches.in(records);
        while (batches.advance()) {
            cleaned.note(batches.batch(), work.config().indexIntervalBytes());
        }
        writtenBytes += records.limit();
        means.throttle().spend(records.limit());
        out.clear();
    }

    /** Counts what was read, and now and then asks whether to go on. */
    private void went(int sizeBytes) {
        readBytes += sizeBytes;
        strideBytes += sizeBytes;
        if (strideBytes >= STRIDE_BYTES) {
            means.throttle().spend(strideBytes);
            strideBytes = 0;
            if (means.throttle().isEnded() || work.watch().givenUp()) {
                throw new CleaningGivenUp();
            }
        }
    }

    private <T> T locked(Function<Log, T> deed) {
        Optional<T> done = log.locked(deed);
        return done.orElseThrow(CleaningGivenUp::new);
    }
}
