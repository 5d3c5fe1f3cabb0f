package ottla.replication.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.log.io.DiskFailure;
import ottla.replication.machine.Machine.TransactionEnd;
import ottla.replication.machine.RecordFormat;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchView;
import ottla.wire.record.Batches;
import ottla.wire.record.ControlType;
import ottla.wire.record.RecordCursor;

/**
 * Feeds a machine with everything that stands in a partition, when this broker begins to lead it. Chunks are read and parsed on
 * disk threads and applied on the machine's thread; the next one is read when the one before has been applied, so that a slow
 * machine holds back the disk and not the memory.
 *
 * <p>Used once. Ends by calling {@code completion} on the machine's thread, or by being cancelled.
 */
public final class MachineReplay<R> {
    private static final Logger LOG = LoggerFactory.getLogger(MachineReplay.class);

    /** Large enough that reading is sequential, small enough that other shards of the machine's thread have their turn. */
    private static final int CHUNK_BYTES = 1 << 20;

    /** What a batch of a coordinator may hold when it is decompressed: far more than any batch that Kafka lets in. */
    private static final int OPENED_BYTES_MAX = 128 << 20;

    private final Replica replica;
    private final int leaderEpoch;
    private final RecordFormat<R> format;
    private final MachineShard<R> shard;
    private final Executor diskThreads;
    private final Consumer<Ended> completion;
    private final long startNs = System.nanoTime();
    private long recordCount;
    private volatile boolean cancelled;

    /** How it ended. */
    public enum Ended {
        /** The machine has applied all that stands in the log. */
        COMPLETE,
        /** This broker does not lead in that epoch any more. */
        NOT_LEADER,
        /** The log cannot be read. */
        FAILED
    }

    public MachineReplay(
            Replica replica,
            int leaderEpoch,
            RecordFormat<R> format,
            MachineShard<R> shard,
            Executor diskThreads,
            Consumer<Ended> completion) {
        this.replica = replica;
        this.leaderEpoch = leaderEpoch;
        this.format = format;
        this.shard = shard;
        this.diskThreads = diskThreads;
        this.completion = completion;
    }

    /** Begins. The machine must be loading already. */
    public void start() {
        shard.committed(replica.highWatermark());
        readOn(replica.logStartOffset());
    }

    /** Any thread: the term is over. The completion will not be called, unless it is being called now. */
    public void cancel() {
        cancelled = true;
    }

    private void readOn(long offset) {
        if (cancelled) {
            return;
        }
        diskThreads.execute(() -> {
            try {
                readChunk(offset);
            } catch (DiskFailure | MalformedMessage failure) {
                LOG.error("{} cannot be loaded", replica, failure);
                end(Ended.FAILED);
            }
        });
    }

    private void readChunk(long offset) {
        Optional<Payload> chunk = replica.readAsLeader(leaderEpoch, offset, CHUNK_BYTES);
        if (chunk.isEmpty()) {
            end(Ended.NOT_LEADER);
            return;
        }
        long nextOffset = offset;
        try {
            Batches batches = Batches.in(chunk.get());
            while (batches.advance()) {
                BatchView batch = batches.batch();
                if (batch.lastOffset() >= offset) {
                    replay(batch, offset);
                    nextOffset = batch.endOffset();
                }
            }
        } finally {
            chunk.get().release();
        }
        if (nextOffset == offset) {
            LOG.info("{}: loaded {} records in {} ms", replica, recordCount, (System.nanoTime() - startNs) / 1_000_000);
            end(Ended.COMPLETE);
            return;
        }
        long next = nextOffset;
        shard.execute(machine -> readOn(next));
    }

    private void end(Ended ended) {
        shard.execute(machine -> {
            if (!cancelled) {
                completion.accept(ended);
            }
        });
    }

    private void replay(BatchView batch, long fromOffset) {
        try (RecordCursor cursor = batch.streamRecords(OPENED_BYTES_MAX)) {
            replay(batch, cursor, fromOffset);
        }
    }

    private void replay(BatchView batch, RecordCursor cursor, long fromOffset) {
        if (batch.isControl()) {
            replayControl(batch, cursor);
            return;
        }
        // A compacted log has gaps; the machine takes records without gaps.
        List<R> run = new ArrayList<>();
        long runOffset = -1;
        while (cursor.advance()) {
            Optional<R> record = cursor.offset() < fromOffset || !cursor.hasKey()
                    ? Optional.empty()
                    : format.read(Objects.requireNonNull(cursor.key()), cursor.value());
            if (record.isEmpty()) {
                continue;
            }
            if (!run.isEmpty() && cursor.offset() != runOffset + run.size()) {
                hand(batch, runOffset, run);
                run = new ArrayList<>();
            }
            if (run.isEmpty()) {
                runOffset = cursor.offset();
            }
            run.add(record.get());
            recordCount++;
        }
        if (!run.isEmpty()) {
            hand(batch, runOffset, run);
        }
    }

    private void hand(BatchView batch, long baseOffset, List<R> records) {
        if (batch.isTransactional()) {
            shard.replayInTransaction(baseOffset, batch.producerId(), batch.producerEpoch(), records);
        } else {
            shard.replay(baseOffset, records);
        }
    }

    private void replayControl(BatchView batch, RecordCursor cursor) {
        while (cursor.advance()) {
            Optional<ControlType> type = ControlType.ofKey(cursor.key()).filter(ControlType::endsTransaction);
            if (type.isPresent()) {
                shard.replayTransactionEnd(
                        cursor.offset(),
                        batch.producerId(),
                        batch.producerEpoch(),
                        type.get() == ControlType.COMMIT ? TransactionEnd.COMMIT : TransactionEnd.ABORT);
            }
        }
    }
}
