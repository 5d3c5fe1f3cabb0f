package ottla.log.io;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A disk that keeps no more than a real one promises. At a {@link #crash}, each write that was not synced is kept, lost or torn at
 * a sector, whatever became of those before it; names keep their order, but the newest may be lost until a directory is synced.
 * It can also refuse: {@link #failAfter}.
 */
public final class FaultyDisk extends MemoryDisk {
    /** What a disk writes in one piece. */
    private static final int SECTOR_BYTES = 512;

    private final SplittableRandom random;

    /** What would be in each file after a power cut, and what was done to it since. */
    private final Map<Content, byte[]> durable = new HashMap<>();

    private final Map<Content, List<Change>> changes = new HashMap<>();
    private TreeMap<String, Content> durableNames = new TreeMap<>();
    private TreeSet<String> durableDirectories = new TreeSet<>(List.of(""));

    /** The names after each change since they were durable. */
    private final List<TreeMap<String, Content>> laterNames = new ArrayList<>();

    private final List<TreeSet<String>> laterDirectories = new ArrayList<>();
    private int writesUntilFailure = Integer.MAX_VALUE;
    private DiskFailure.Kind failureKind = DiskFailure.Kind.BROKEN;

    /** A write, or a cut if there are no bytes. */
    private record Change(long position, ByteBuffer bytes, boolean cut) {}

    public FaultyDisk(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Lets so many writes and syncs succeed, and then refuses one. */
    public synchronized void failAfter(int count, DiskFailure.Kind kind) {
        writesUntilFailure = count;
        failureKind = kind;
    }

    /** The power goes: what was not synced is at the disk's mercy. All open files are void. */
    public synchronized void crash() {
        writesUntilFailure = Integer.MAX_VALUE;
        int kept = laterNames.isEmpty() ? 0 : random.nextInt(laterNames.size() + 1);
        TreeMap<String, Content> names = kept == 0 ? durableNames : laterNames.get(kept - 1);
        TreeSet<String> directories = kept == 0 ? durableDirectories : laterDirectories.get(kept - 1);
        TreeMap<String, Content> survivors = new TreeMap<>();
        names.forEach((name, content) -> {
            Content survivor = new Content();
            survivor.replace(remains(content));
            survivors.put(name, survivor);
        });
        restore(survivors, directories);
        durable.clear();
        changes.clear();
        survivors.values().forEach(content -> durable.put(content, content.copy()));
        laterNames.clear();
        laterDirectories.clear();
        durableNames = new TreeMap<>(survivors);
        durableDirectories = new TreeSet<>(directories);
    }

    private byte[] remains(Content content) {
        byte[] bytes = durable.getOrDefault(content, new byte[0]);
        for (Change change : changes.getOrDefault(content, List.of())) {
            int fate = random.nextInt(4);
            if (change.cut) {
                if (fate != 0) {
                    bytes = java.util.Arrays.copyOf(bytes, (int) Math.min(bytes.length, change.position));
                }
            } else if (fate > 1) {
                bytes = write(bytes, change.position, change.bytes);
            } else if (fate == 1) {
                bytes = tear(bytes, change);
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
        byte[] bytes = end > before.length ? java.util.Arrays.copyOf(before, end) : before.clone();
        change.duplicate().get(bytes, (int) position, change.remaining());
        return bytes;
    }

    @Override
    void beforeWrite(Content content, ByteBuffer bytes, long position) {
        countDown("write");
        ByteBuffer copy =
                ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
        changesOf(content).add(new Change(position, copy, false));
    }

    @Override
    void beforeTruncate(Content content, long sizeBytes) {
        changesOf(content).add(new Change(sizeBytes, ByteBuffer.allocate(0), true));
    }

    @Override
    void onSync(Content content) {
        countDown("sync");
        durable.put(content, content.copy());
        changes.remove(content);
    }

    @Override
    void onNames() {
        laterNames.add(new TreeMap<>(files()));
        laterDirectories.add(new TreeSet<>(directories()));
    }

    @Override
    public synchronized void syncDirectory(String name) {
        countDown("sync");
        durableNames = new TreeMap<>(files());
        durableDirectories = new TreeSet<>(directories());
        laterNames.clear();
        laterDirectories.clear();
    }

    private void countDown(String deed) {
        if (writesUntilFailure != Integer.MAX_VALUE && writesUntilFailure-- <= 0) {
            writesUntilFailure = Integer.MAX_VALUE;
            throw failure(failureKind, deed, "injected");
        }
    }

    private List<Change> changesOf(Content content) {
        return changes.computeIfAbsent(content, this::nothingYet);
    }

    private List<Change> nothingYet(Content content) {
        return new ArrayList<>();
    }
}
