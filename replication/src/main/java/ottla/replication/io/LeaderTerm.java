package ottla.replication.io;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import ottla.base.Check;
import ottla.replication.quorum.ControlRecord;
import ottla.replication.quorum.MetadataBatches;
import ottla.replication.quorum.VersionedRecord;

/**
 * A term of leadership as its user sees it: gives offsets at once and collects the batches for the quorum's thread, which writes
 * all that have come together and flushes once.
 *
 * <p>Guarded by itself: any thread appends, the quorum's thread takes out and ends.
 */
final class LeaderTerm implements QuorumTerm {
    /** What may wait for the disk. A controller that is this far ahead of it must slow down; eight of the largest batches. */
    private static final int WAITING_BYTES_MAX = 8 * MetadataBatches.MAX_BATCH_BYTES;

    private final int epoch;
    private final InstantSource clock;
    private final LongSupplier committed;
    private final Runnable wake;
    private final Runnable resign;
    private final List<Waiting> waiting = new ArrayList<>();
    private long nextOffset;
    private long waitingBytes;
    private State state = State.LEADING;

    private enum State {
        LEADING,
        OVER
    }

    /** A batch with its offsets that is not written yet, and the control records in it, by offset. */
    record Waiting(ByteBuffer bytes, CommittedBatch batch, Map<Long, ControlRecord> controls) {}

    LeaderTerm(
            int epoch, long nextOffset, InstantSource clock, LongSupplier committed, Runnable wake, Runnable resign) {
        this.epoch = epoch;
        this.nextOffset = nextOffset;
        this.clock = clock;
        this.committed = committed;
        this.wake = wake;
        this.resign = resign;
    }

    @Override
    public int epoch() {
        return epoch;
    }

    @Override
    public synchronized long endOffset() {
        return nextOffset;
    }

    @Override
    public long committedEndOffset() {
        return committed.getAsLong();
    }

    @Override
    public Append append(List<VersionedRecord> records) {
        Check.invariant(!records.isEmpty(), "an append has records");
        long baseOffset;
        long lastOffset;
        synchronized (this) {
            if (state == State.OVER) {
                return new Append.NotLeader();
            }
            if (waitingBytes > WAITING_BYTES_MAX) {
                return new Append.Busy();
            }
            long timeMs = clock.millis();
            Optional<ByteBuffer> bytes = MetadataBatches.write(nextOffset, epoch, timeMs, records);
            if (bytes.isEmpty()) {
                return new Append.TooLarge(MetadataBatches.MAX_BATCH_BYTES);
            }
            baseOffset = nextOffset;
            lastOffset = nextOffset + records.size() - 1;
            nextOffset = lastOffset + 1;
            int sizeBytes = bytes.get().remaining();
            waitingBytes += sizeBytes;
            waiting.add(new Waiting(
                    bytes.get(),
                    new CommittedBatch(
                            baseOffset,
                            lastOffset,
                            epoch,
                            timeMs,
                            sizeBytes,
                            records.stream().map(VersionedRecord::record).toList()),
                    Map.of()));
        }
        wake.run();
        return new Append.Accepted(baseOffset, lastOffset);
    }

    /** Puts control records of the quorum's own behind what was appended before. They wait for no limit: voters are few. */
    synchronized void appendControl(List<ControlRecord> records) {
        long timeMs = clock.millis();
        long baseOffset = nextOffset;
        ByteBuffer bytes = MetadataBatches.writeControl(baseOffset, epoch, timeMs, records);
        int sizeBytes = bytes.remaining();
        nextOffset += records.size();
        waitingBytes += sizeBytes;
        Map<Long, ControlRecord> controls = new HashMap<>();
        for (int index = 0; index < records.size(); index++) {
            controls.put(baseOffset + index, records.get(index));
        }
        waiting.add(new Waiting(
                bytes, new CommittedBatch(baseOffset, nextOffset - 1, epoch, timeMs, sizeBytes, List.of()), controls));
    }

    @Override
    public void resign() {
        resign.run();
    }

    /** Takes what waits, in the order of the offsets. */
    synchronized List<Waiting> take() {
        List<Waiting> taken = List.copyOf(waiting);
        waiting.clear();
        waitingBytes = 0;
        return taken;
    }

    /** Puts back what could not be written, in front of what has come since. */
    synchronized void putBack(List<Waiting> unwritten) {
        if (state == State.LEADING) {
            waiting.addAll(0, unwritten);
            unwritten.forEach(batch -> waitingBytes += batch.batch().sizeBytes());
        }
    }

    /** From now on nothing is accepted, and what waits is given up. */
    synchronized void end() {
        state = State.OVER;
        waiting.clear();
        waitingBytes = 0;
    }
}
