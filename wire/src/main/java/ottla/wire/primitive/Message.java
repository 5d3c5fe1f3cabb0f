package ottla.wire.primitive;

/** Anything that a schema describes. */
public interface Message {
    /**
     * Appends this message in the given version.
     *
     * @throws UnsupportedField if a field holds something that this version cannot carry
     */
    void write(Writer out, int atVersion);
}
