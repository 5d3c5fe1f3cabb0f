package ottla.wire.primitive;

/** A message holds a value that the version it is to be written in cannot carry, and that may not be left out silently. */
public final class UnsupportedField extends RuntimeException {
    private static final long serialVersionUID = 1;

    public UnsupportedField(String field, int version) {
        super(field + " is set, but version " + version + " cannot carry it");
    }
}
