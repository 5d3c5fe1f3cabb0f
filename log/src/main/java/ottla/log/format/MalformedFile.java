package ottla.log.format;

/** A small file of the log does not hold what its format says. Whether that is fatal is for the reader to decide. */
public final class MalformedFile extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MalformedFile(String file, String reason) {
        super(file + ": " + reason);
    }
}
