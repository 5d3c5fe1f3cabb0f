package ottla.log.producer;

/** A transaction whose marker was written. {@code lastOffset} is the marker's. */
public record CompletedTransaction(long producerId, long firstOffset, long lastOffset, Outcome outcome) {
    public enum Outcome {
        COMMITTED,
        ABORTED
    }
}
