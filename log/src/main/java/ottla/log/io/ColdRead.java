package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchLayout;

/**
 * A read of bytes that are not in memory: planned under the log's lock, carried out without it on a thread that may wait for the
 * disk. The log may meanwhile roll, delete or cut segments; files in use stay readable, and what was cut is recognised by its
 * offsets and left out.
 */
public final class ColdRead {
    /** How far before the wanted batch the index may point, as long as batches are small. */
    private static final int INDEX_SLACK_BYTES = 8 << 10;

    /** Below this, reading and writing costs less than looking for the end of the last batch. */
    private static final int SENT_BYTES_MIN = 64 << 10;

    /** How many batches the index may leave between its entry and the wanted batch: one of the usual size, or a page of small ones. */
    private static final int STEPS_MAX = 64;

    private final ReadBuffers buffers;
    private final List<Stretch> stretches;
    private final long offset;
    private final long endOffset;
    private final int maxBytes;
    private final ReadLeast least;

    /**
     * A segment as it was when the read was planned.
     *
     * @param position a place at or before the wanted batch, or -1 if the index file must be asked
     * @param entryCount how many entries of that file to consider
     * @param endOffset the offset after the last that it holds
     */
    record Stretch(Segment segment, int position, int entryCount, int sizeBytes, long endOffset) {
        private static final int UNKNOWN = -1;

        /** Of a segment that nobody has looked at yet: how large it is is found out when it is read. */
        static Stretch asleep(Segment segment, long endOffset) {
            return new Stretch(segment, UNKNOWN, UNKNOWN, UNKNOWN, endOffset);
        }

        private Stretch awake() {
            if (sizeBytes != UNKNOWN) {
                return this;
            }
            segment.wake();
            int written = segment.offsets().writtenCount();
            return new Stretch(segment, written == 0 ? 0 : -1, written, segment.sizeBytes(), endOffset);
        }
    }

    ColdRead(ReadBuffers buffers, List<Stretch> stretches, long offset, long endOffset, int maxBytes, ReadLeast least) {
        this.buffers = buffers;
        this.stretches = stretches;
        this.offset = offset;
        this.endOffset = endOffset;
        this.maxBytes = maxBytes;
        this.least = least;
    }

    /**
     * Whole batches as {@link ReadResult.Batches} has them, to be released. Throws {@link DiskFailure}, with
     * {@link DiskFailure.Kind#ABSENT} if the segment was deleted meanwhile: the offset is then out of range.
     */
    public Payload run() {
        for (Stretch planned : stretches) {
            Stretch stretch = planned.awake();
            Found found = read(stretch, position(stretch));
            if (found.outcome == Outcome.DONE) {
                return found.records;
            }
        }
        return Payload.EMPTY;
    }

    /**
     * As {@link #run}, for bytes that go to a socket: many at once are left in the file, for the socket to take them from there.
     * They are now in the system's cache.
     */
    public Payload runToSend() {
        return sendable().orElseGet(this::run);
    }

    private Optional<Payload> sendable() {
        Stretch stretch = stretches.getFirst().awake();
        if (maxBytes < SENT_BYTES_MIN || stretch.endOffset() > endOffset) {
            return Optional.empty();
        }
        int first = firstWanted(stretch);
        int end = stretch.sizeBytes();
        if (first >= 0 && end - first > maxBytes) {
            end = stretch.segment().batchAtOrBefore(first + maxBytes, stretch.entryCount());
        }
        return first < 0 || end - first < SENT_BYTES_MIN
                ? Optional.empty()
                : stretch.segment().data().send(first, end - first);
    }

    /** Where the batch begins that holds the offset, or -1 if that is not found in a few steps. */
    private int firstWanted(Stretch stretch) {
        int position = position(stretch);
        ByteBuffer header = ByteBuffer.allocate(BatchLayout.HEADER_BYTES);
        for (int step = 0; step < STEPS_MAX && position <= stretch.sizeBytes() - BatchLayout.HEADER_BYTES; step++) {
            if (stretch.segment().data().read(header.clear(), position) < BatchLayout.HEADER_BYTES) {
                return -1;
            }
            if (lastOffset(header, 0) >= offset) {
                return position;
            }
            long sizeBytes = size(header, 0);
            if (sizeBytes < BatchLayout.HEADER_BYTES) {
                return -1;
            }
            position = (int) Math.min(Integer.MAX_VALUE, position + sizeBytes);
        }
        return -1;
    }

    private int position(Stretch stretch) {
        if (stretch.position() >= 0) {
            return stretch.position();
        }
        Segment segment = stretch.segment();
        return segment.positionAt(segment.offsets().floorWritten(offset - segment.baseOffset(), stretch.entryCount()));
    }

    private enum Outcome {
        DONE,
        /** No batch of this segment reaches the offset: the next one begins behind it. */
        BEHIND
    }

    private record Found(Outcome outcome, Payload records) {
        static Found done(Payload records) {
            return new Found(Outcome.DONE, records);
        }

        static Found behind() {
            return new Found(Outcome.BEHIND, Payload.EMPTY);
        }
    }

    private Found read(Stretch stretch, int indexed) {
        int position = indexed;
        int wanted = (int) Math.min((long) maxBytes + INDEX_SLACK_BYTES, stretch.sizeBytes() - position);
        while (wanted >= BatchLayout.HEADER_BYTES) {
            ReadBuffers.Lent lent = buffers.lend(wanted);
            boolean given = false;
            try {
                ByteBuffer buffer = lent.buffer();
                if (stretch.segment().data().read(buffer, position) < wanted) {
                    return Found.done(Payload.EMPTY); // the segment was cut meanwhile
                }
                int first = skipBefore(buffer.flip());
                int end = wholeUntil(buffer, first);
                if (end > first) {
                    given = true;
                    return Found.done(lent.payload(first, end - first));
                }
                long need = needed(buffer, first, stretch.sizeBytes() - position);
                if (need == NOTHING) {
                    return Found.done(Payload.EMPTY);
                }
                // Either the batch begins in what was read and does not end there, or it lies further on.
                position += first;
                wanted = (int) Math.min(need, stretch.sizeBytes() - position);
            } finally {
                if (!given) {
                    lent.giveBack();
                }
            }
        }
        return Found.behind();
    }

    private static final long NOTHING = -1;

    /** How much must be read from the first wanted batch on to have it whole, or that nobody wants it. */
    private long needed(ByteBuffer buffer, int first, int stretchBytes) {
        int left = buffer.limit() - first;
        if (left < BatchLayout.HEADER_BYTES) {
            return (long) maxBytes + INDEX_SLACK_BYTES;
        }
        long sizeBytes = size(buffer, first);
        boolean possible = sizeBytes >= BatchLayout.HEADER_BYTES
                && sizeBytes <= stretchBytes - first
                && lastOffset(buffer, first) >= offset;
        if (!possible || lastOffset(buffer, first) >= endOffset || sizeBytes <= left) {
            return NOTHING;
        }
        return sizeBytes > maxBytes && least == ReadLeast.NOTHING ? NOTHING : sizeBytes;
    }

    /** Where the first batch begins that reaches the wanted offset. */
    private int skipBefore(ByteBuffer buffer) {
        int position = 0;
        while (buffer.limit() - position >= BatchLayout.HEADER_BYTES && lastOffset(buffer, position) < offset) {
            long sizeBytes = size(buffer, position);
            if (sizeBytes < BatchLayout.HEADER_BYTES) {
                return buffer.limit();
            }
            if (sizeBytes > buffer.limit() - position) {
                return (int) Math.min(Integer.MAX_VALUE, position + sizeBytes);
            }
            position += (int) sizeBytes;
        }
        return position;
    }

    /** Where the whole batches end that are below the end offset and within the size asked for. */
    private int wholeUntil(ByteBuffer buffer, int first) {
        int position = first;
        while (buffer.limit() - position >= BatchLayout.HEADER_BYTES) {
            long sizeBytes = size(buffer, position);
            if (sizeBytes < BatchLayout.HEADER_BYTES
                    || sizeBytes > buffer.limit() - position
                    || lastOffset(buffer, position) >= endOffset) {
                break;
            }
            boolean within = position + sizeBytes - first <= maxBytes;
            if (!within && !(position == first && least == ReadLeast.ONE_BATCH)) {
                break;
            }
            position += (int) sizeBytes;
        }
        return position;
    }

    private static long size(ByteBuffer buffer, int position) {
        return (long) buffer.getInt(position + BatchLayout.LENGTH) + BatchLayout.COUNTED_FROM;
    }

    private static long lastOffset(ByteBuffer buffer, int position) {
        return buffer.getLong(position + BatchLayout.BASE_OFFSET)
                + buffer.getInt(position + BatchLayout.LAST_OFFSET_DELTA);
    }
}
