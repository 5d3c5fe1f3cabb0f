package ottla.wire.compress;

import ottla.base.Check;

/** The levels a codec can be asked for, both ends included, and the one it takes when nobody asks. */
public record Levels(int min, int max, int standard) {
    /** The standard level is always allowed, also where it lies outside the range as gzip's -1 does. */
    public boolean allows(int level) {
        return level == standard || (level >= min && level <= max);
    }

    void require(int level) {
        Check.invariant(allows(level), "a compression level within its codec's range", level, max);
    }
}
