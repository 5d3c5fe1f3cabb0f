package ottla.replication.machine;

import org.jspecify.annotations.Nullable;

/** One immutable value that remembers what it was at every offset its {@link Versions} has not forgotten. */
public final class VersionedValue<T> {
    private final Versions versions;
    private Version newest;

    public VersionedValue(Versions versions, T initial) {
        this.versions = versions;
        this.newest = new Version(Long.MIN_VALUE, initial, null);
    }

    public T get() {
        return newest.value;
    }

    /** The value as of {@code endOffset}. */
    public T getAt(long endOffset) {
        versions.checkRemembered(endOffset);
        Version version = newest;
        while (version.older != null && version.offset >= endOffset) {
            version = version.older;
        }
        return version.value;
    }

    public void set(T value) {
        Version version = new Version(versions.writing(), value, newest);
        newest = version;
        versions.remember(version);
    }

    private final class Version extends Versions.Change {
        final T value;

        @Nullable
        Version older;

        Version(long offset, T value, @Nullable Version older) {
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
