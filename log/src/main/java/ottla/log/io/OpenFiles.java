package ottla.log.io;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The open files of all logs, at most so many. A file that nobody has used for longest is closed when another is wanted, and one that
 * nobody has used for a while at the next {@link #closeIdle}; one that is being used stays open until its user is done. Safe for use
 * by several threads.
 */
public final class OpenFiles implements AutoCloseable {
    private final Cache<LogFile, Handle> handles;

    /** @param countMax how many files may be open; a few more are, briefly, while they are in use */
    public OpenFiles(int countMax) {
        handles = Caffeine.newBuilder()
                .maximumSize(countMax)
                .executor(Runnable::run)
                .evictionListener((@Nullable LogFile file, @Nullable Handle handle, RemovalCause cause) -> {
                    if (handle != null) {
                        handle.release();
                    }
                })
                .build();
    }

    /** The file opened, or created and opened; to be {@link Handle#release released}. */
    Handle acquire(LogFile file) {
        while (true) {
            Handle handle = handles.getIfPresent(file);
            if (handle == null) {
                handle = handles.get(file, wanted -> new Handle(wanted.openNow()));
            }
            if (handle.retain()) {
                return handle;
            }
            handles.asMap().remove(file, handle);
        }
    }

    /** Closes the files that were not used since this was called last: an idle log keeps none open. */
    public void closeIdle() {
        handles.asMap().forEach((file, handle) -> {
            if (handle.used) {
                handle.used = false;
            } else if (handles.asMap().remove(file, handle)) {
                handle.release();
            }
        });
    }

    /** Closes a file that will not be used again, once its present users are done. */
    void forget(LogFile file) {
        Handle handle = handles.asMap().remove(file);
        if (handle != null) {
            handle.release();
        }
    }

    /** How many files are open. */
    public long count() {
        handles.cleanUp();
        return handles.estimatedSize();
    }

    @Override
    public void close() {
        handles.asMap().keySet().forEach(this::forget);
    }

    /** An open file and how many hold it: the cache is one. */
    static final class Handle {
        private final DiskFile file;
        private final AtomicInteger holders = new AtomicInteger(1);

        /** Since the idle were last closed. A race costs no more than that a file is opened again. */
        private boolean used = true;

        Handle(DiskFile file) {
            this.file = file;
        }

        DiskFile file() {
            return file;
        }

        boolean retain() {
            int count = holders.get();
            while (count > 0) {
                if (holders.compareAndSet(count, count + 1)) {
                    used = true;
                    return true;
                }
                count = holders.get();
            }
            return false;
        }

        void release() {
            if (holders.decrementAndGet() == 0) {
                file.close();
            }
        }
    }
}
