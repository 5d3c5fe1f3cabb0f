package ottla.log.append;

/** What is wrong with one record of a refused batch. {@code index} counts from 0 within the batch. */
public record RecordError(int index, String message) {}
