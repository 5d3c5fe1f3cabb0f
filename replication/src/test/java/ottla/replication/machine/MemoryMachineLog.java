package ottla.replication.machine;

import java.util.ArrayList;
import java.util.List;

/**
 * A log in memory for tests of machines. Appends commit at once, or when the test says so; the next ones can be refused, or put
 * behind a record of the log's own.
 */
public final class MemoryMachineLog<R> implements MachineLog<R> {
    /** One append as it stands in the log. */
    public record Batch<R>(long baseOffset, List<R> records) {
        public long endOffset() {
            return baseOffset + records.size();
        }
    }

    private final List<Batch<R>> batches = new ArrayList<>();
    private final Commit commit;
    private final int batchRecordCountMax;
    private long endOffset;
    private long committedEndOffset;
    private List<Refusal> refusals = new ArrayList<>();

    /** When appended records are committed. */
    public enum Commit {
        AT_ONCE,
        BY_HAND
    }

    public MemoryMachineLog(Commit commit) {
        this(commit, Integer.MAX_VALUE);
    }

    /** Refuses larger batches as {@link Refusal#TOO_LARGE}. */
    public MemoryMachineLog(Commit commit, int batchRecordCountMax) {
        this.commit = commit;
        this.batchRecordCountMax = batchRecordCountMax;
    }

    @Override
    public long endOffset() {
        return endOffset;
    }

    @Override
    public long committedEndOffset() {
        return committedEndOffset;
    }

    @Override
    public Append append(List<R> records) {
        if (!refusals.isEmpty()) {
            return new Append.Refused(refusals.removeFirst());
        }
        if (records.size() > batchRecordCountMax) {
            return new Append.Refused(Refusal.TOO_LARGE);
        }
        Batch<R> batch = new Batch<>(endOffset, List.copyOf(records));
        batches.add(batch);
        endOffset = batch.endOffset();
        if (commit == Commit.AT_ONCE) {
            committedEndOffset = endOffset;
        }
        return new Append.Appended(batch.baseOffset());
    }

    /** The next append is refused. */
    public void refuseNext(Refusal refusal) {
        refusals.add(refusal);
    }

    /** The log writes {@code count} records that are not the machine's, as a quorum does with control records. */
    public void skip(int count) {
        endOffset += count;
    }

    /** Commits everything; the test tells the runtime. */
    public long commitAll() {
        committedEndOffset = endOffset;
        return endOffset;
    }

    public List<Batch<R>> batches() {
        return List.copyOf(batches);
    }

    public List<R> records() {
        List<R> records = new ArrayList<>();
        batches.forEach(batch -> records.addAll(batch.records()));
        return records;
    }
}
