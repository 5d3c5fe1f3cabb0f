package ottla.log.io;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import ottla.log.format.AbortedTransaction;

/**
 * Looks for the aborted transactions that touch a stretch of a log: planned under the log's lock. If they were not {@link #isKnown
 * known} at once, {@link #run} asks the disk, without the lock and on a thread that may wait for it.
 */
public final class AbortedSearch {
    private static final AbortedSearch NONE = new AbortedSearch(List.of(), 0, 0, Optional.of(List.of()));

    private final List<Segment> segments;
    private final long fromOffset;
    private final long boundOffset;
    private final Optional<List<AbortedTransaction>> known;

    private AbortedSearch(
            List<Segment> segments, long fromOffset, long boundOffset, Optional<List<AbortedTransaction>> known) {
        this.segments = segments;
        this.fromOffset = fromOffset;
        this.boundOffset = boundOffset;
        this.known = known;
    }

    /** A search that finds nothing. */
    public static AbortedSearch none() {
        return NONE;
    }

    /** @param segments the one that holds the first offset, and those after it */
    static AbortedSearch plan(Collection<Segment> segments, long fromOffset, long boundOffset) {
        List<AbortedTransaction> found = List.of();
        for (Segment segment : segments) {
            Optional<List<AbortedTransaction>> some =
                    segment.transactions().endingFrom(Math.max(fromOffset, segment.baseOffset()));
            if (some.isEmpty()) {
                return new AbortedSearch(List.copyOf(segments), fromOffset, boundOffset, Optional.empty());
            }
            if (!some.get().isEmpty()) {
                found = found.isEmpty() ? new ArrayList<>() : found;
                if (isCompleteWith(some.get(), fromOffset, boundOffset, found)) {
                    break;
                }
            }
        }
        return found.isEmpty() ? NONE : new AbortedSearch(List.of(), fromOffset, boundOffset, Optional.of(found));
    }

    /** Whether it need not be {@link #run} on a thread that may wait. */
    public boolean isKnown() {
        return known.isPresent();
    }

    /** Throws {@link DiskFailure}. */
    public List<AbortedTransaction> run() {
        if (known.isPresent()) {
            return known.get();
        }
        List<AbortedTransaction> found = new ArrayList<>();
        for (Segment segment : segments) {
            if (isCompleteWith(segment.transactions().read(), fromOffset, boundOffset, found)) {
                break;
            }
        }
        return found;
    }

    /** Adds those of a segment; whether those of later ones are all too late. */
    private static boolean isCompleteWith(
            List<AbortedTransaction> some, long fromOffset, long boundOffset, List<AbortedTransaction> found) {
        boolean complete = false;
        for (AbortedTransaction transaction : some) {
            if (transaction.lastOffset() >= fromOffset && transaction.firstOffset() < boundOffset) {
                found.add(transaction);
            }
            complete |= transaction.lastStableOffset() >= boundOffset;
        }
        return complete;
    }
}
