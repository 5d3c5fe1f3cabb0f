package ottla.generator;

/** A run of versions, both ends included. Written {@code 3}, {@code 3-7}, {@code 3+} or {@code none}. */
public record VersionRange(int first, int last) {
    static final int OPEN = Short.MAX_VALUE;
    static final VersionRange ALL = new VersionRange(0, OPEN);
    public static final VersionRange NONE = new VersionRange(0, -1);

    public static VersionRange parse(String text) {
        if (text.equals("none")) {
            return NONE;
        }
        if (text.endsWith("+")) {
            return new VersionRange(Integer.parseInt(text.substring(0, text.length() - 1)), OPEN);
        }
        int dash = text.indexOf('-');
        int first = Integer.parseInt(dash < 0 ? text : text.substring(0, dash));
        return new VersionRange(first, dash < 0 ? first : Integer.parseInt(text.substring(dash + 1)));
    }

    public boolean isEmpty() {
        return last < first;
    }

    public boolean contains(int version) {
        return version >= first && version <= last;
    }

    public boolean covers(VersionRange other) {
        return other.isEmpty() || (first <= other.first && other.last <= last);
    }

    VersionRange intersect(VersionRange other) {
        return new VersionRange(Math.max(first, other.first), Math.min(last, other.last));
    }
}
