package ottla.coordinator.group;

import java.util.List;

/**
 * What a step wants written, as one batch or not at all, and who is told how that went. A step without records is told when all
 * that was written before it is committed.
 */
public record Write(List<GroupRecord> records, Written written) {
    /** Nothing to write and nobody to tell. */
    public static final Write NOTHING = new Write(List.of(), (outcome, nowMs) -> {});

    public Write {
        records = List.copyOf(records);
    }

    public static Write of(GroupRecord record, Written written) {
        return new Write(List.of(record), written);
    }

    public boolean isNothing() {
        return records.isEmpty();
    }

    /** Told once how a write ended. May change live state and answer requests, and has nothing more to write. */
    @FunctionalInterface
    public interface Written {
        void ended(WriteOutcome outcome, long nowMs);
    }
}
