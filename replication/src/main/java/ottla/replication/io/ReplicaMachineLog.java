package ottla.replication.io;

import java.time.InstantSource;
import java.util.List;
import java.util.function.LongConsumer;
import ottla.base.ErrorCode;
import ottla.log.append.AppendResult;
import ottla.log.producer.AppendOrigin;
import ottla.replication.machine.MachineLog;
import ottla.replication.machine.RecordFormat;
import ottla.replication.machine.Refusal;
import ottla.wire.compress.Codec;
import ottla.wire.record.BatchWriter;

/**
 * A partition as the log of a machine, during one term of this broker's leadership: appends are written with acks=all, and what is
 * below the high watermark is committed.
 *
 * <p>{@link #append} belongs to the machine's thread; {@link #follow} and {@link #end} to whoever manages the term.
 */
public final class ReplicaMachineLog<R> implements MachineLog<R> {
    private final Replica replica;
    private final int leaderEpoch;
    private final RecordFormat<R> format;
    private final Codec codec;
    private final InstantSource clock;
    private final LongConsumer onCommit;
    private final MachineShard<R> follower;

    /**
     * Set while the machine's own thread appends. A commit that comes about by that, as it does at replication factor 1, need not
     * be reported: the machine looks at the committed end offset itself when its append returns.
     */
    private volatile boolean appending;

    private boolean ended;

    /** Bound to one leader epoch. Commits are reported to the shard from {@link #follow} on. */
    public ReplicaMachineLog(
            Replica replica,
            int leaderEpoch,
            RecordFormat<R> format,
            Codec codec,
            InstantSource clock,
            MachineShard<R> shard) {
        this.replica = replica;
        this.leaderEpoch = leaderEpoch;
        this.format = format;
        this.codec = codec;
        this.clock = clock;
        this.follower = shard;
        this.onCommit = this::committed;
    }

    /** Begins to report commits to the machine, unless the term is over already. */
    public synchronized void follow() {
        if (!ended) {
            replica.addCommitListener(onCommit);
            follower.committed(replica.highWatermark());
        }
    }

    /** The term is over. */
    public synchronized void end() {
        ended = true;
        replica.removeCommitListener(onCommit);
    }

    @Override
    public long endOffset() {
        return replica.endOffset();
    }

    @Override
    public long committedEndOffset() {
        return replica.highWatermark();
    }

    @Override
    public Append append(List<R> records) {
        long nowMs = clock.millis();
        BatchWriter batch = BatchWriter.at(0).compressedWith(codec);
        for (R record : records) {
            batch.append(nowMs, format.key(record), format.value(record));
        }
        appending = true;
        try {
            return meaning(replica.append(batch.build(), AppendOrigin.COORDINATOR, Acks.ALL, leaderEpoch));
        } finally {
            appending = false;
        }
    }

    private void committed(long endOffset) {
        if (!appending) {
            follower.committed(endOffset);
        }
    }

    private static Append meaning(AppendResult result) {
        return switch (result) {
            case AppendResult.Appended appended -> new Append.Appended(appended.baseOffset());
            case AppendResult.AlreadyAppended repeated -> new Append.Refused(Refusal.BROKEN);
            case AppendResult.Refused refused -> new Append.Refused(meaning(refused.error()));
        };
    }

    private static Refusal meaning(ErrorCode error) {
        return switch (error) {
            case NOT_LEADER_OR_FOLLOWER -> Refusal.NOT_LEADER;
            case NOT_ENOUGH_REPLICAS -> Refusal.NOT_ENOUGH_REPLICAS;
            case MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE -> Refusal.TOO_LARGE;
            case KAFKA_STORAGE_ERROR -> Refusal.STORAGE;
            default -> Refusal.BROKEN;
        };
    }
}
