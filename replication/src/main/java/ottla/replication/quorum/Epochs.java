package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.List;
import ottla.base.Check;

/** Where each leader epoch begins in the log. Owned by the thread of its {@link Quorum}. */
final class Epochs {
    /** In ascending order of both fields. */
    private final List<EpochStart> starts = new ArrayList<>();

    Epochs(List<EpochStart> starts) {
        starts.forEach(start -> begin(start.epoch(), start.startOffset()));
    }

    /** Records of {@code epoch} stand from {@code startOffset} on; does nothing if they did already. */
    void begin(int epoch, long startOffset) {
        if (!starts.isEmpty() && starts.getLast().epoch() == epoch) {
            return;
        }
        Check.invariant(
                starts.isEmpty() || starts.getLast().epoch() < epoch,
                "epochs grow along the log",
                epoch,
                starts.isEmpty() ? -1 : starts.getLast().epoch());
        while (!starts.isEmpty() && starts.getLast().startOffset() >= startOffset) {
            starts.removeLast();
        }
        starts.add(new EpochStart(epoch, startOffset));
    }

    /** The epoch of the last record, 0 in an empty log. */
    int last() {
        return starts.isEmpty() ? 0 : starts.getLast().epoch();
    }

    /** The largest epoch up to {@code epoch} that the log knows, and where its records end. */
    LogEnd endOf(int epoch, long logEndOffset) {
        long endOffset = logEndOffset;
        for (EpochStart start : starts.reversed()) {
            if (start.epoch() <= epoch) {
                return new LogEnd(start.epoch(), endOffset);
            }
            endOffset = start.startOffset();
        }
        return new LogEnd(0, starts.isEmpty() ? logEndOffset : 0);
    }

    void truncateTo(long endOffset) {
        starts.removeIf(start -> start.startOffset() >= endOffset);
    }

    /** The log now begins at {@code startOffset}: the epoch in force there begins there, older ones are forgotten. */
    void startAt(long startOffset) {
        EpochStart inForce = null;
        for (EpochStart start : starts) {
            if (start.startOffset() <= startOffset) {
                inForce = start;
            }
        }
        if (inForce != null) {
            EpochStart first = new EpochStart(inForce.epoch(), startOffset);
            starts.removeIf(start -> start.startOffset() <= startOffset);
            starts.addFirst(first);
        }
    }

    /** The log holds nothing but what a snapshot stands for. */
    void replaceBy(SnapshotId snapshot) {
        starts.clear();
        starts.add(new EpochStart(snapshot.epoch(), snapshot.endOffset()));
    }

    List<EpochStart> starts() {
        return List.copyOf(starts);
    }
}
