package ottla.controller.io;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ottla.replication.io.CommittedBatch;
import ottla.replication.io.QuorumListener;
import ottla.replication.io.QuorumTerm;
import ottla.replication.quorum.VersionedRecord;
import ottla.wire.message.metadata.MetadataRecord;

/**
 * A quorum of one in memory: what is appended is committed at once, or when the test says so. Thread-safe by one lock, under
 * which the listener is called.
 */
public final class MemoryQuorum {
    private final QuorumListener listener;
    private final LongSupplier clockMs;
    /** A control record is null. */
    private final List<@Nullable VersionedRecord> log = new ArrayList<>();

    private final List<CommittedBatch> uncommitted = new ArrayList<>();
    private Commit commit = Commit.AT_ONCE;
    private long committedEndOffset;
    private int epoch;

    public MemoryQuorum(QuorumListener listener, LongSupplier clockMs) {
        this.listener = listener;
        this.clockMs = clockMs;
    }

    public enum Commit {
        AT_ONCE,
        WHEN_TOLD
    }

    /** A new term begins here, with the control record that opens it. */
    public synchronized void lead() {
        epoch++;
        log.add(null);
        committedEndOffset = log.size();
        listener.onCommitted(
                new CommittedBatch(log.size() - 1, log.size() - 1, epoch, clockMs.getAsLong(), 100, List.of()));
        listener.onLeader(new Term(epoch));
    }

    /** The term ends; what was not committed is lost. */
    public synchronized void resign() {
        int ended = epoch++;
        uncommitted.clear();
        while (log.size() > committedEndOffset) {
            log.removeLast();
        }
        listener.onResigned(ended);
    }

    public synchronized void commits(Commit wanted) {
        commit = wanted;
        if (wanted == Commit.AT_ONCE) {
            commitAll();
        }
    }

    /** Begins with what another quorum's log holds, all of it committed. */
    public synchronized void reopen(MemoryQuorum other) {
        log.addAll(other.log);
        epoch = other.epoch;
        for (int offset = 0; offset < log.size(); offset++) {
            VersionedRecord record = log.get(offset);
            List<MetadataRecord> plain = record == null ? List.of() : List.of(record.record());
            listener.onCommitted(new CommittedBatch(offset, offset, epoch, clockMs.getAsLong(), 100, plain));
        }
        committedEndOffset = log.size();
    }

    /** All records so far, control records left out. */
    public synchronized List<VersionedRecord> records() {
        List<VersionedRecord> records = new ArrayList<>();
        for (VersionedRecord record : log) {
            if (record != null) {
                records.add(record);
            }
        }
        return records;
    }

    public synchronized long endOffset() {
        return log.size();
    }

    private void commitAll() {
        for (CommittedBatch batch : uncommitted) {
            committedEndOffset = batch.endOffset();
            listener.onCommitted(batch);
        }
        uncommitted.clear();
    }

    private final class Term implements QuorumTerm {
        private final int termEpoch;

        Term(int termEpoch) {
            this.termEpoch = termEpoch;
        }

        @Override
        public int epoch() {
            return termEpoch;
        }

        @Override
        public long endOffset() {
            return MemoryQuorum.this.endOffset();
        }

        @Override
        public long committedEndOffset() {
            synchronized (MemoryQuorum.this) {
                return committedEndOffset;
            }
        }

        @Override
        public Append append(List<VersionedRecord> records) {
            synchronized (MemoryQuorum.this) {
                if (termEpoch != epoch) {
                    return new Append.NotLeader();
                }
                long base = log.size();
                log.addAll(records);
                List<MetadataRecord> plain =
                        records.stream().map(VersionedRecord::record).toList();
                uncommitted.add(new CommittedBatch(
                        base, log.size() - 1, epoch, clockMs.getAsLong(), 100 * records.size(), plain));
                if (commit == Commit.AT_ONCE) {
                    commitAll();
                }
                return new Append.Accepted(base, log.size() - 1);
            }
        }

        @Override
        public void resign() {
            MemoryQuorum.this.resign();
        }
    }
}
