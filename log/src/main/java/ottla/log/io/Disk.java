package ottla.log.io;

import java.util.List;
import java.util.OptionalLong;

/**
 * The log's view of a file system: files and directories by name under one root, with {@code /} between a directory and what is
 * in it. Small enough that a test hands over one that tears, loses or refuses writes.
 *
 * <p>Safe for use by several threads. Everything throws {@link DiskFailure}. A name (creation, rename, deletion) is durable only
 * after {@link #syncDirectory}; a file's bytes only after {@link DiskFile#sync}.
 */
public interface Disk {
    /** The root as an operator knows it, for messages and for DescribeLogDirs. */
    String root();

    /** Opens a file for reading and writing; {@link DiskFailure.Kind#ABSENT} if there is none. */
    DiskFile open(String name);

    /** Opens a file for reading alone: it may be one that nobody may write to. {@link DiskFailure.Kind#ABSENT} if there is none. */
    DiskFile openToRead(String name);

    /** From now on nobody is to write to a file. */
    void makeReadOnly(String name);

    /** Opens a file for reading and writing, empty if it is new. */
    DiskFile create(String name);

    boolean exists(String name);

    /** How large a file is; nothing if there is none. */
    OptionalLong sizeBytes(String name);

    /** When a file was last written to. */
    long lastModifiedMs(String name);

    /** The names of the files and directories directly in a directory ({@code ""} is the root), sorted. */
    List<String> list(String directory);

    /** Creates a directory, and what is missing above it. */
    void createDirectory(String name);

    /** Renames a file or directory; a file in the way is replaced, in one step as far as a crash is concerned. */
    void rename(String from, String to);

    /** Deletes a file, or a directory with all that it holds. Nothing happens if there is none. */
    void delete(String name);

    /** Makes the names in a directory durable. */
    void syncDirectory(String name);

    /** Keeps other processes out until the lock is released; {@link DiskFailure.Kind#LOCKED} if one is already in. */
    DiskLock lock(String name);

    long totalBytes();

    long usableBytes();

    /** Ends with {@link #release}. */
    interface DiskLock {
        void release();
    }
}
