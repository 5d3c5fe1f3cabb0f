package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A disk that keeps no more than a real one promises. At a {@link #crash}, each write that was not synced is kept, lost or torn at
 * a sector, whatever became of those before it. Names that were created, changed or deleted since their directory was synced are
 * kept up to some moment, or each by itself; only whole directories keep what they were renamed to. It can also refuse
 * ({@link #failAfter}) and rot ({@link #rot}). A file whose sync was refused may never get what was written to
 * it before, though later syncs succeed: so it is with the page caches of real systems.
 */
public final class FaultyDisk extends MemoryDisk {
    /** What a disk writes in one piece. */
    private static final int SECTOR_BYTES = 512;

    private static final int NEVER = Integer.MAX_VALUE;

    private final SplittableRandom random;

    /** What would be in each file after a power cut, and what was done to it since. */
    private final Map<Content, byte[]> durable = new HashMap<>();

    private final Map<Content, List<Change>> changes = new HashMap<>();
    private final TreeMap<String, Content> durableNames = new TreeMap<>();
    private final List<NameChange> nameChanges = new ArrayList<>();
    private int deedsUntilFailure = NEVER;
    private DiskFailure.Kind failureKind = DiskFailure.Kind.BROKEN;
    private Refusals refusals = Refusals.WRITES;
    private boolean syncRefused;
    private final Map<Event, Integer> events = new EnumMap<>(Event.class);

    /** What befell something, counted so that a simulation can tell whether it is one. */
    public enum Event {
        WRITE_KEPT,
        WRITE_LOST,
        WRITE_TORN,
        CUT_KEPT,
        CUT_LOST,
        NAME_KEPT,
        NAME_LOST,
        /** A change of a name was kept although an earlier one was lost. */
        NAME_REORDERED,
        WRITE_REFUSED_FULL,
        WRITE_REFUSED_BROKEN,
        SYNC_REFUSED_FULL,
        SYNC_REFUSED_BROKEN,
        READ_REFUSED,
        BIT_ROTTEN
    }

    /** What a disk that fails refuses. */
    public enum Refusals {
        WRITES,
        READS_TOO
    }

    /** A write, or a cut if there are no bytes. */
    private record Change(long position, ByteBuffer bytes, boolean cut) {}

    /** A name that was given to a file, or taken from one, or both at once. */
    private record NameChange(String directory, String from, String to, Content content) {}

    public FaultyDisk(long seed) {
        this(seed, "memory");
    }

    public FaultyDisk(long seed, String root) {
        super(root);
        random = new SplittableRandom(seed);
    }

    /** Lets so many writes and syncs succeed, and then refuses one. */
    public synchronized void failAfter(int count, DiskFailure.Kind kind) {
        failAfter(count, kind, Refusals.WRITES);
    }

    /** Lets so many deeds succeed, and then refuses one. */
    public synchronized void failAfter(int count, DiskFailure.Kind kind, Refusals what) {
        deedsUntilFailure = count;
        failureKind = kind;
        refusals = what;
    }

    /** How often each happened so far. */
    public synchronized Map<Event, Integer> events() {
        return Collections.unmodifiableMap(new EnumMap<>(events));
    }

    /** Whether files may show what will never be on the disk. */
    public synchronized boolean hasRefusedSync() {
        return syncRefused;
    }

    /** Nothing fails any more. */
    public synchronized void heal() {
        deedsUntilFailure = NEVER;
    }

    /** A bit of a file's durable bytes turns over. Only what was synced rots; the rest is at a crash's mercy anyway. */
    public synchronized void rot(String name, int position) {
        Content content = files().get(name);
        if (content != null && position < content.sizeBytes()) {
            byte[] bytes = content.copy();
            bytes[position] ^= (byte) (1 << random.nextInt(8));
            content.replace(bytes);
            durable.put(content, bytes.clone());
            changes.remove(content);
            count(Event.BIT_ROTTEN);
        }
    }

    /** The power goes: what was not synced is at the disk's mercy. All open files are void. */
    public synchronized void crash() {
        deedsUntilFailure = NEVER;
        syncRefused = false;
        boolean ordered = random.nextInt(3) > 0;
        int kept = nameChanges.isEmpty() ? 0 : random.nextInt(nameChanges.size() + 1);
        TreeMap<String, Content> names = new TreeMap<>(durableNames);
        boolean lost = false;
        for (int i = 0; i < nameChanges.size(); i++) {
            if (ordered ? i < kept : random.nextBoolean()) {
                carryOut(nameChanges.get(i), names);
                count(lost ? Event.NAME_REORDERED : Event.NAME_KEPT);
            } else {
                lost = true;
                count(Event.NAME_LOST);
            }
        }
        // One file can be under two names when the later of two renames is kept and a file system is unlucky; the first
        // wins.
        Map<Content, Content> survivors = new HashMap<>();
        TreeMap<String, Content> after = new TreeMap<>();
        names.forEach((name, content) -> {
            Content survivor = survivors.get(content);
            if (survivor == null) {
                survivor = new Content();
                survivor.replace(remains(content));
                survivors.put(content, survivor);
                after.put(name, survivor);
            }
        });
        restore(after, new TreeSet<>(directories()));
    }

    /** Puts other files in the place of all there are; they are durable. */
    @Override
    synchronized void restore(Map<String, Content> nextFiles, Set<String> nextDirectories) {
        super.restore(nextFiles, nextDirectories);
        durable.clear();
        changes.clear();
        nameChanges.clear();
        durableNames.clear();
        durableNames.putAll(nextFiles);
        nextFiles.values().forEach(content -> durable.put(content, content.copy()));
    }

    private static void carryOut(NameChange change, Map<String, Content> names) {
        if (!change.from.isEmpty() && names.get(change.from) == change.content) {
            names.remove(change.from);
        }
        if (!change.to.isEmpty()) {
            names.put(change.to, change.content);
        }
    }

    private byte[] remains(Content content) {
        byte[] bytes = durable.getOrDefault(content, new byte[0]);
        for (Change change : changes.getOrDefault(content, List.of())) {
            int fate = random.nextInt(4);
            if (change.cut) {
                count(fate == 0 ? Event.CUT_LOST : Event.CUT_KEPT);
                if (fate != 0) {
                    bytes = Arrays.copyOf(bytes, (int) Math.min(bytes.length, change.position));
                }
            } else if (fate == 0) {
                count(Event.WRITE_LOST);
            } else if (fate == 1) {
                count(Event.WRITE_TORN);
                bytes = tear(bytes, change);
            } else {
                count(Event.WRITE_KEPT);
                bytes = write(bytes, change.position, change.bytes);
            }
        }
        return bytes;
    }

    /** Some of the sectors that a write touches, each as a whole. */
    private byte[] tear(byte[] before, Change change) {
        byte[] bytes = before;
        long position = change.position;
        ByteBuffer rest = change.bytes.duplicate();
        while (rest.hasRemaining()) {
            int part = (int) Math.min(rest.remaining(), SECTOR_BYTES - position % SECTOR_BYTES);
            if (random.nextBoolean()) {
                bytes = write(bytes, position, rest.slice(rest.position(), part));
            }
            rest.position(rest.position() + part);
            position += part;
        }
        return bytes;
    }

    private static byte[] write(byte[] before, long position, ByteBuffer change) {
        int end = (int) position + change.remaining();
        byte[] bytes = end > before.length ? Arrays.copyOf(before, end) : before.clone();
        change.duplicate().get(bytes, (int) position, change.remaining());
        return bytes;
    }

    @Override
    void beforeRead(Content content) {
        if (refusals == Refusals.READS_TOO && isRefused()) {
            count(Event.READ_REFUSED);
            throw failure(DiskFailure.Kind.BROKEN, "read", "injected");
        }
    }

    @Override
    void beforeWrite(Content content, ByteBuffer bytes, long position) {
        if (isRefused()) {
            count(failureKind == DiskFailure.Kind.FULL ? Event.WRITE_REFUSED_FULL : Event.WRITE_REFUSED_BROKEN);
            throw failure(failureKind, "write", "injected");
        }
        ByteBuffer copy =
                ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
        changesOf(content).add(new Change(position, copy, false));
    }

    @Override
    void beforeTruncate(Content content, long sizeBytes) {
        if (sizeBytes < content.sizeBytes()) {
            changesOf(content).add(new Change(sizeBytes, ByteBuffer.allocate(0), true));
        }
    }

    @Override
    void onSync(Content content) {
        if (isRefused()) {
            durable.put(content, remains(content));
            changes.remove(content);
            throw refusedSync();
        }
        List<Change> unsynced = changes.remove(content);
        byte[] bytes = durable.getOrDefault(content, new byte[0]);
        for (Change change : unsynced == null ? List.<Change>of() : unsynced) {
            bytes = change.cut
                    ? Arrays.copyOf(bytes, (int) Math.min(bytes.length, change.position))
                    : write(bytes, change.position, change.bytes);
        }
        durable.put(content, bytes);
    }

    private DiskFailure refusedSync() {
        syncRefused = true;
        count(failureKind == DiskFailure.Kind.FULL ? Event.SYNC_REFUSED_FULL : Event.SYNC_REFUSED_BROKEN);
        return failure(failureKind, "sync", "injected");
    }

    @Override
    void onCreated(String name, Content content) {
        nameChanges.add(new NameChange(directoryOf(name), "", name, content));
    }

    @Override
    void onRenamed(String from, String to, Content content) {
        nameChanges.add(new NameChange(directoryOf(to), from, to, content));
    }

    @Override
    void onDeleted(String name, Content content) {
        nameChanges.add(new NameChange(directoryOf(name), name, "", content));
    }

    /** Directories are few and their fate is another test's: all that is in one moves with it, and durably. */
    @Override
    void onDirectoryRenamed() {
        durableNames.clear();
        durableNames.putAll(files());
        nameChanges.clear();
    }

    @Override
    public synchronized void syncDirectory(String name) {
        if (isRefused()) {
            throw refusedSync();
        }
        nameChanges.removeIf(change -> {
            if (!change.directory.equals(name)) {
                return false;
            }
            carryOut(change, durableNames);
            return true;
        });
    }

    private static String directoryOf(String name) {
        int slash = name.lastIndexOf('/');
        return slash < 0 ? "" : name.substring(0, slash);
    }

    private boolean isRefused() {
        if (deedsUntilFailure == NEVER || deedsUntilFailure-- > 0) {
            return false;
        }
        deedsUntilFailure = NEVER;
        return true;
    }

    private void count(Event event) {
        events.merge(event, 1, Integer::sum);
    }

    private List<Change> changesOf(Content content) {
        return changes.computeIfAbsent(content, this::nothingYet);
    }

    private List<Change> nothingYet(Content content) {
        return new ArrayList<>();
    }
}
