package ottla.controller.image;

/** Up to where in the metadata log an image reaches: the last offset contained, its epoch, and when it was appended. */
public record Provenance(long lastOffset, int epoch, long appendTimeMs) {
    public static final Provenance EMPTY = new Provenance(-1, -1, -1);

    public long endOffset() {
        return lastOffset + 1;
    }
}
