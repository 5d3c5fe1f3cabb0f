package ottla.replication.io;

/** What ListOffsets asks of one partition. */
public record OffsetQuestion(Place place, long timestampMs, Reader reader) {
    /** Where to look. */
    public enum Place {
        LATEST,
        EARLIEST,
        EARLIEST_LOCAL,
        /** A record with the largest timestamp (KIP-734). */
        LARGEST_TIMESTAMP,
        /** The first record with the timestamp or a later one. */
        TIMESTAMP,
        /** Tiered storage, which has nothing here. */
        NOWHERE
    }

    /** Who asks, which decides how far he may see. */
    public enum Reader {
        CONSUMER,
        /** With {@code read_committed}. */
        COMMITTED_CONSUMER,
        REPLICA
    }

    /** What a timestamp of the protocol means: some of the negative ones stand for a place. */
    public static OffsetQuestion of(long timestamp, Reader reader) {
        Place place = switch (Math.clamp(timestamp, -7, 0)) {
            case -1 -> Place.LATEST;
            case -2 -> Place.EARLIEST;
            case -3 -> Place.LARGEST_TIMESTAMP;
            case -4 -> Place.EARLIEST_LOCAL;
            case -5, -6 -> Place.NOWHERE;
            default -> Place.TIMESTAMP;
        };
        return new OffsetQuestion(place, timestamp, reader);
    }
}
