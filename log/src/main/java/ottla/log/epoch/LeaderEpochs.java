package ottla.log.epoch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import ottla.base.Check;
import ottla.log.format.Checkpoint.EpochStart;

/**
 * Where each leader epoch of a partition begins (KIP-101). An epoch ends where the next one begins, the last one at the log's end.
 * Epochs and start offsets both ascend.
 *
 * <p>Owned by the log, under its partition's lock.
 */
public final class LeaderEpochs {
    /** What a client says that knows no epoch; any other negative number counts as an epoch before all others, as in Kafka. */
    private static final int UNDEFINED = -1;

    private final TreeMap<Integer, Long> startByEpoch = new TreeMap<>();

    public LeaderEpochs() {}

    public LeaderEpochs(List<EpochStart> entries) {
        entries.forEach(entry -> assign(entry.epoch(), entry.startOffset()));
    }

    /** What became of an assignment. */
    public enum Change {
        NONE,
        CHANGED
    }

    /**
     * Notes that records from {@code startOffset} on are of {@code epoch}. What contradicts that is dropped: the records prove
     * that entries of the same or later epochs, or at the same or later offsets, were of a history that did not happen.
     */
    public Change assign(int epoch, long startOffset) {
        Check.invariant(epoch >= 0, "an epoch", epoch, 0);
        Check.invariant(startOffset >= 0, "a start offset", startOffset, 0);
        if (!startByEpoch.isEmpty()) {
            var last = startByEpoch.lastEntry();
            if (last.getKey() == epoch && startOffset >= last.getValue()) {
                return Change.NONE;
            }
        }
        startByEpoch.tailMap(epoch, true).clear();
        while (!startByEpoch.isEmpty() && startByEpoch.lastEntry().getValue() >= startOffset) {
            startByEpoch.pollLastEntry();
        }
        startByEpoch.put(epoch, startOffset);
        return Change.CHANGED;
    }

    public OptionalInt latest() {
        return startByEpoch.isEmpty() ? OptionalInt.empty() : OptionalInt.of(startByEpoch.lastKey());
    }

    public Optional<EpochStart> earliest() {
        return startByEpoch.isEmpty() ? Optional.empty() : Optional.of(entry(startByEpoch.firstEntry()));
    }

    /** The epoch of the record at an offset below the log's end. */
    public OptionalInt epochAt(long offset) {
        OptionalInt epoch = OptionalInt.empty();
        for (var entry : startByEpoch.entrySet()) {
            if (entry.getValue() > offset) {
                break;
            }
            epoch = OptionalInt.of(entry.getKey());
        }
        return epoch;
    }

    /**
     * The answer of OffsetForLeaderEpoch: the largest epoch here that is not after {@code epoch}, and where it ends. Empty if
     * nothing is known: no epoch is that early, or none so late has been.
     */
    public Optional<EpochEnd> endOf(int epoch, long logEndOffset) {
        if (startByEpoch.isEmpty() || epoch == UNDEFINED) {
            return Optional.empty();
        }
        if (epoch == startByEpoch.lastKey()) {
            return Optional.of(new EpochEnd(epoch, logEndOffset));
        }
        var higher = startByEpoch.higherEntry(epoch);
        if (higher == null) {
            return Optional.empty();
        }
        var floor = startByEpoch.floorEntry(epoch);
        if (floor == null) {
            // Asked about a time before anything that is left: it ended, at the latest, where the log now begins.
            return Optional.of(new EpochEnd(epoch, higher.getValue()));
        }
        return Optional.of(new EpochEnd(floor.getKey(), higher.getValue()));
    }

    /** Drops what begins at or after the log's new end. */
    public Change truncateTo(long endOffset) {
        int before = startByEpoch.size();
        while (!startByEpoch.isEmpty() && startByEpoch.lastEntry().getValue() >= endOffset) {
            startByEpoch.pollLastEntry();
        }
        return startByEpoch.size() == before ? Change.NONE : Change.CHANGED;
    }

    /** Drops what ends before the log's new start; the epoch in which the start lies then begins there. */
    public Change truncateBefore(long startOffset) {
        NavigableMap<Integer, Long> passed = new TreeMap<>();
        for (var entry : startByEpoch.entrySet()) {
            if (entry.getValue() > startOffset) {
                break;
            }
            passed.put(entry.getKey(), entry.getValue());
        }
        if (passed.isEmpty() || (passed.size() == 1 && passed.firstEntry().getValue() == startOffset)) {
            return Change.NONE;
        }
        startByEpoch.keySet().removeAll(passed.keySet());
        startByEpoch.put(passed.lastKey(), startOffset);
        return Change.CHANGED;
    }

    public void clear() {
        startByEpoch.clear();
    }

    public List<EpochStart> entries() {
        List<EpochStart> entries = new ArrayList<>(startByEpoch.size());
        startByEpoch.forEach((epoch, startOffset) -> entries.add(new EpochStart(epoch, startOffset)));
        return entries;
    }

    private static EpochStart entry(Map.Entry<Integer, Long> entry) {
        return new EpochStart(entry.getKey(), entry.getValue());
    }

    /** An epoch and the offset after its last record. */
    public record EpochEnd(int epoch, long endOffset) {}
}
