package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.log.format.AbortedTransaction;
import ottla.log.format.OffsetIndexLayout;
import ottla.log.format.SegmentFiles;
import ottla.log.format.TimeIndexLayout;
import ottla.log.retain.CompactedSegment;
import ottla.wire.record.BatchLayout;
import ottla.wire.record.BatchView;

/**
 * A stretch of a log in files of its own: the batches, and indexes into them by offset and by time. Only the last segment of a log
 * is written to.
 *
 * <p>Changed under the log's lock. The files of a segment may be read without it, up to a size that was taken under it. What an
 * earlier run left is looked at when somebody asks, once, and without the lock as well as under it: network loops ask only segments
 * that are {@link #isAwake awake}.
 */
final class Segment implements CompactedSegment {
    static final long NO_TIMESTAMP = BatchLayout.NO_TIMESTAMP;

    private static final Logger LOG = LoggerFactory.getLogger(Segment.class);

    /** For indexes that are made anew from a whole segment: large reads, and Kafka's default interval. */
    private static final int REMAKING_READ_BYTES = 1 << 20;

    private static final int REMAKING_INTERVAL_BYTES = 4_096;

    private final long baseOffset;
    private final LogFile data;
    private final IndexFile offsets;
    private final IndexFile times;
    private final TransactionIndex transactions;
    private volatile int sizeBytes;

    /** Not as long as nobody has asked what an earlier run left. */
    private volatile boolean measured = true;

    private volatile boolean aside;

    /** A batch gets an index entry when this much lies between it and the one that got the last. */
    private long bytesSinceEntry;

    private volatile Times largest = Times.UNKNOWN;
    private long largestTimestampMs = NO_TIMESTAMP;
    private long largestTimestampOffset = -1;
    /** The timestamp in the last entry of the time index; meaningful once {@code largest} is known. */
    private long indexedTimestampMs = NO_TIMESTAMP;

    private long firstTimestampMs = NO_TIMESTAMP;
    private Times first = Times.UNKNOWN;

    /** When this segment was begun, for rolling by time where batches carry none. */
    private long createdMs;

    private final long rollJitterMs;

    private enum Times {
        /** Nobody has asked yet; the time index ends with the answer. */
        UNKNOWN,
        /** As {@link #UNKNOWN}, but the segment was cut, and the answer may lie beyond the index. */
        CUT,
        KNOWN
    }

    Segment(LogFiles files, long baseOffset, long createdMs, long rollJitterMs) {
        this(files, baseOffset, createdMs, rollJitterMs, "");
    }

    private Segment(LogFiles files, long baseOffset, long createdMs, long rollJitterMs, String suffix) {
        this.baseOffset = baseOffset;
        this.createdMs = createdMs;
        this.rollJitterMs = rollJitterMs;
        data = files.file(SegmentFiles.name(baseOffset, SegmentFiles.LOG) + suffix);
        offsets = new IndexFile(
                files.file(SegmentFiles.name(baseOffset, SegmentFiles.OFFSET_INDEX) + suffix),
                OffsetIndexLayout.SIZE_BYTES,
                Integer.BYTES);
        times = new IndexFile(
                files.file(SegmentFiles.name(baseOffset, SegmentFiles.TIME_INDEX) + suffix),
                TimeIndexLayout.SIZE_BYTES,
                Long.BYTES);
        transactions = new TransactionIndex(
                files.file(SegmentFiles.name(baseOffset, SegmentFiles.TRANSACTION_INDEX) + suffix));
    }

    /** What a cleaner writes: not part of the log before it is {@link #rename renamed}. What a pass left that was given up is removed. */
    static Segment cleaned(LogFiles files, long baseOffset, long createdMs) {
        Segment segment = new Segment(files, baseOffset, createdMs, 0, SegmentFiles.CLEANED);
        segment.files().forEach(LogFile::startAnew);
        segment.create();
        return segment;
    }

    /** Makes the files of a segment that begins now. */
    void create() {
        data.truncate(0);
        largest = Times.KNOWN;
        first = Times.KNOWN;
    }

    /** Takes in what an earlier run left. Nothing is looked at before somebody asks for it: most segments are never asked. */
    void load() {
        measured = false;
        transactions.load();
    }

    private synchronized void measure() {
        if (measured) {
            return;
        }
        sizeBytes = Math.toIntExact(data.measure());
        offsets.load();
        times.load();
        first = sizeBytes == 0 ? Times.KNOWN : Times.UNKNOWN;
        largest = first;
        if (sizeBytes > 0 && !indexesSound()) {
            LOG.warn("Making the indexes of {} anew, which do not belong to it", this);
            remakeIndexes();
        }
        measured = true; // last: it shows all the rest to whoever asks without the lock
    }

    private void measured() {
        if (!measured) {
            measure();
        }
    }

    /** Whether all that is asked of a segment is in memory, batches and older index entries aside. */
    boolean isAwake() {
        return measured && largest == Times.KNOWN;
    }

    /** Waits for the disk, if the segment is not awake. */
    void wake() {
        largestTimestampMs();
    }

    /** Whether both indexes can belong to this segment. */
    private boolean indexesSound() {
        if (!offsets.whole() || !times.whole()) {
            return false;
        }
        if (offsets.count() > 0) {
            ByteBuffer last = offsets.entry(offsets.count() - 1);
            int offset = last.getInt(OffsetIndexLayout.OFFSET);
            int position = last.getInt(OffsetIndexLayout.POSITION);
            if (offset < offsets.count() - 1 || position < 0 || position >= sizeBytes) {
                return false; // zeros at the end of a file are what Kafka leaves when it is killed
            }
        }
        return times.count() == 0
                || (times.entry(times.count() - 1).getLong(TimeIndexLayout.TIMESTAMP)
                                >= times.entry(0).getLong(TimeIndexLayout.TIMESTAMP)
                        && times.entry(times.count() - 1).getInt(TimeIndexLayout.OFFSET) >= 0);
    }

    /** For a segment that was taken at its word. Its aborted transactions stand elsewhere and are believed. */
    private void remakeIndexes() {
        int end = sizeBytes;
        forgetIndexEntries();
        BatchScan scan = new BatchScan(data, 0, end, Math.min(REMAKING_READ_BYTES, end));
        while (scan.advance()) {
            note(scan.maxTimestamp(), scan.lastOffset(), scan.sizeBytes(), REMAKING_INTERVAL_BYTES);
        }
        sizeBytes = end;
        completeIndexes();
    }

    @Override
    public long baseOffset() {
        return baseOffset;
    }

    @Override
    public int sizeBytes() {
        measured();
        return sizeBytes;
    }

    @Override
    public int offsetIndexBytes() {
        return offsets.count() * OffsetIndexLayout.SIZE_BYTES;
    }

    @Override
    public int timeIndexBytes() {
        return times.count() * TimeIndexLayout.SIZE_BYTES;
    }

    LogFile data() {
        return data;
    }

    IndexFile offsets() {
        measured();
        return offsets;
    }

    IndexFile times() {
        measured();
        return times;
    }

    long createdMs() {
        return createdMs;
    }

    long rollJitterMs() {
        return rollJitterMs;
    }

    /** Whether an offset can be written as relative to this segment's base. */
    boolean reaches(long offset) {
        long relative = offset - baseOffset;
        return relative >= 0 && relative <= Integer.MAX_VALUE;
    }

    /** Writes whole batches at the end. {@link #note} follows for each of them. */
    void write(ByteBuffer batches) {
        measured();
        try {
            data.write(batches, sizeBytes);
        } catch (DiskFailure failure) {
            // What was written of them must not be taken for a part of the log if this process ends before the next
            // append.
            if (failure.kind() == DiskFailure.Kind.FULL) {
                data.truncate(sizeBytes);
            }
            throw failure;
        }
    }

    /** Counts a batch that was written at the present end, and gives it index entries if it is its turn. */
    void note(BatchView batch, int indexIntervalBytes) {
        note(batch.maxTimestamp(), batch.lastOffset(), batch.sizeBytes(), indexIntervalBytes);
    }

    /** As above, of a batch of which only the header is known. */
    void note(long timestampMs, long lastOffset, int batchBytes, int indexIntervalBytes) {
        if (first == Times.KNOWN && sizeBytes == 0) {
            firstTimestampMs = timestampMs;
        }
        if (timestampMs > largestTimestampMs()) {
            largestTimestampMs = timestampMs;
            largestTimestampOffset = lastOffset;
        }
        if (bytesSinceEntry > indexIntervalBytes) {
            Check.invariant(reaches(lastOffset), "an offset relative to its segment", lastOffset, baseOffset);
            offsets.append().putInt((int) (lastOffset - baseOffset)).putInt(sizeBytes);
            addTimeEntry();
            bytesSinceEntry = 0;
        }
        bytesSinceEntry += batchBytes;
        int grown = sizeBytes + batchBytes; // under the lock: the field is volatile for its readers alone
        sizeBytes = grown;
    }

    /** The time index holds ascending timestamps only. */
    private void addTimeEntry() {
        long timestampMs = largestTimestampMs();
        if (timestampMs > indexedTimestampMs) {
            times.append().putLong(timestampMs).putInt((int) (largestTimestampOffset - baseOffset));
            indexedTimestampMs = timestampMs;
        }
    }

    /** The largest timestamp of any batch, -1 if none has one. */
    @Override
    public long largestTimestampMs() {
        if (largest != Times.KNOWN) {
            loadLargest();
        }
        return largestTimestampMs;
    }

    /** The last offset of the batch that has it. */
    long largestTimestampOffset() {
        if (largest != Times.KNOWN) {
            loadLargest();
        }
        return largestTimestampOffset;
    }

    /** The timestamp of the first batch, which a segment's age is reckoned from. */
    @Override
    public long firstTimestampMs() {
        measured();
        if (first == Times.UNKNOWN) {
            ByteBuffer header = ByteBuffer.allocate(BatchLayout.HEADER_BYTES);
            if (data.read(header, 0) == BatchLayout.HEADER_BYTES) {
                firstTimestampMs = header.getLong(BatchLayout.MAX_TIMESTAMP);
            }
            first = Times.KNOWN;
        }
        return firstTimestampMs;
    }

    /** A sealed segment's time index ends with it; that of a segment that was cut may lack what came after its last entry. */
    private synchronized void loadLargest() {
        measured();
        Times known = largest;
        if (known == Times.KNOWN) {
            return;
        }
        largestTimestampMs = NO_TIMESTAMP;
        largestTimestampOffset = -1;
        int from = 0;
        if (times.count() > 0) {
            ByteBuffer last = times.entry(times.count() - 1);
            largestTimestampMs = last.getLong(TimeIndexLayout.TIMESTAMP);
            largestTimestampOffset = baseOffset + last.getInt(TimeIndexLayout.OFFSET);
            from = positionBefore(largestTimestampOffset);
        }
        indexedTimestampMs = largestTimestampMs;
        BatchScan scan = new BatchScan(data, from, known == Times.CUT ? sizeBytes : 0);
        while (scan.advance()) {
            if (scan.maxTimestamp() > largestTimestampMs) {
                largestTimestampMs = scan.maxTimestamp();
                largestTimestampOffset = scan.lastOffset();
            }
        }
        largest = Times.KNOWN; // last, as above
    }

    /** The position at or before the batch that holds an offset, as far as the index knows. */
    int positionBefore(long offset) {
        measured();
        return positionAt(offsets.floor(offset - baseOffset));
    }

    int positionAt(int entry) {
        measured();
        return entry < 0 ? 0 : offsets.entry(entry).getInt(OffsetIndexLayout.POSITION);
    }

    /**
     * The last beginning of a batch that is not after a position, as far as {@code entryCount} entries of the index file tell: 0 if
     * they do not.
     */
    int batchAtOrBefore(int position, int entryCount) {
        return positionAt(offsets.floorWritten(OffsetIndexLayout.POSITION, position, entryCount));
    }

    boolean indexFull(int segmentIndexBytes) {
        measured();
        return offsets.count() >= segmentIndexBytes / OffsetIndexLayout.SIZE_BYTES
                || times.count() >= segmentIndexBytes / TimeIndexLayout.SIZE_BYTES - 1;
    }

    void addAborted(AbortedTransaction aborted) {
        transactions.add(aborted);
    }

    TransactionIndex transactions() {
        return transactions;
    }

    /**
     * Forgets the index entries and aborted transactions, so that {@link #note} makes them anew for each batch from the first on, and
     * {@link #seal} or {@link #writeIndexes} writes them.
     */
    void forgetIndexes() {
        transactions.forget();
        forgetIndexEntries();
        measured = true;
    }

    private void forgetIndexEntries() {
        sizeBytes = 0;
        offsets.remake();
        times.remake();
        bytesSinceEntry = 0;
        largestTimestampMs = NO_TIMESTAMP;
        largestTimestampOffset = -1;
        indexedTimestampMs = NO_TIMESTAMP;
        firstTimestampMs = NO_TIMESTAMP;
        largest = Times.KNOWN;
        first = Times.KNOWN;
    }

    /** Reckons the segment's age from now on, because nothing is left in it. */
    void beginAnew(long nowMs) {
        createdMs = nowMs;
    }

    /** Cuts everything from a position on that is a boundary of batches; {@code endOffset} is where the log then ends. */
    synchronized void truncate(int position, long endOffset) {
        measured();
        data.truncate(position);
        sizeBytes = position;
        bytesSinceEntry = 0;
        offsets.truncate(offsets.floor(endOffset - 1 - baseOffset) + 1);
        int timeCount = times.count();
        while (timeCount > 0 && times.entry(timeCount - 1).getInt(TimeIndexLayout.OFFSET) >= endOffset - baseOffset) {
            timeCount--;
        }
        times.truncate(timeCount);
        transactions.truncate(endOffset);
        largestTimestampMs = NO_TIMESTAMP;
        largestTimestampOffset = -1;
        indexedTimestampMs = NO_TIMESTAMP;
        largest = position == 0 ? Times.KNOWN : Times.CUT;
        if (position == 0) {
            firstTimestampMs = NO_TIMESTAMP;
            first = Times.KNOWN;
        }
    }

    /** No more batches will come: completes the time index and writes both indexes. */
    void seal() {
        measured();
        completeIndexes();
        transactions.rest();
    }

    private void completeIndexes() {
        addTimeEntry();
        offsets.rest();
        times.rest();
    }

    /** As {@link #seal}, of a segment that may be written to again. */
    void writeIndexes() {
        measured();
        offsets.write();
        times.write();
    }

    void sync() {
        data.sync();
        offsets.file().sync();
        times.file().sync();
        transactions.sync();
    }

    /** Gives the files another suffix, the log itself first: Kafka looks for that one. */
    void rename(String suffix, String nextSuffix) {
        for (LogFile file : files()) {
            String name = file.name();
            Check.invariant(name.endsWith(suffix), "a file is renamed from what it is");
            file.renameIfThere(name.substring(0, name.length() - suffix.length()) + nextSuffix);
        }
    }

    /**
     * Deletes what was offered as {@link SegmentFiles#SWAP}. Names are lost in any order: as long as others are there, that of the log
     * says that they do not count.
     */
    void withdraw(Runnable syncNames) {
        if (data.name().endsWith(SegmentFiles.SWAP)) {
            data.rename(SegmentFiles.name(baseOffset, SegmentFiles.LOG) + SegmentFiles.CLEANED);
            syncNames.run();
        }
        files().stream().filter(file -> file != data).forEach(LogFile::delete);
        syncNames.run();
        data.delete();
    }

    /** Takes the files out of the log; their bytes stay until {@link #delete}. */
    void setAside() {
        aside = true;
        files().forEach(file -> {
            if (file.exists()) {
                file.rename(file.name() + SegmentFiles.DELETED);
            }
        });
    }

    /** Whether its files may be gone. */
    boolean isAside() {
        return aside;
    }

    void delete() {
        files().forEach(LogFile::delete);
    }

    void close() {
        files().forEach(LogFile::close);
    }

    private List<LogFile> files() {
        return List.of(data, offsets.file(), times.file(), transactions.file());
    }

    /** Where it is, as an operator looks for it. */
    @Override
    public String toString() {
        return data.place();
    }
}
