package ottla.replication.machine;

import org.jspecify.annotations.Nullable;

/** A number that remembers what it was at every offset its {@link Versions} has not forgotten. */
public final class VersionedLong {
    private final Versions versions;
    private Version newest;

    public VersionedLong(Versions versions, long initial) {
        this.versions = versions;
        this.newest = new Version(Long.MIN_VALUE, initial, null);
    }

    public long get() {
        return newest.value;
    }

    /** The number as of {@code endOffset}. */
    public long getAt(long endOffset) {
        versions.checkRemembered(endOffset);
        Version version = newest;
        while (version.older != null && version.offset >= endOffset) {
            version = version.older;
        }
        return version.value;
    }

    public void set(long value) {
        Version version = new Version(versions.writing(), value, newest);
        newest = version;
        versions.remember(version);
    }

    public void add(long difference) {
        set(newest.value + difference);
    }

    private final class Version extends Versions.Change {
        final long value;

        @Nullable
        Version older;

        Version(long offset, long value, @Nullable Version older) {
            super(offset);
            this.value = value;
            this.older = older;
        }

        @Override
        void undo() {
            if (older != null) {
                newest = older;
            }
        }

        @Override
        void settle() {
            older = null;
        }
    }
}
