package ottla.compat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file system of its own in memory, small enough to be filled up. Needs root. Mounted until {@link #close}. */
record SmallDisk(Path at) implements AutoCloseable {
    private static final String FILLER = "filler";

    static boolean isPossible() {
        try {
            Files.createDirectories(BrokerProcess.WORK);
            Path probe = Files.createTempDirectory(BrokerProcess.WORK.toAbsolutePath(), "probe-");
            try {
                boolean mounted = Commands.succeed(mounting(probe, "1m"));
                return mounted && Commands.succeed(unmounting(probe));
            } finally {
                Files.delete(probe);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * @param at a directory that exists and whatever is in it cannot be seen meanwhile
     * @param size as {@code mount} takes it
     */
    static SmallDisk mount(Path at, String size) {
        Commands.run(mounting(at, size));
        return new SmallDisk(at);
    }

    private static List<String> mounting(Path at, String size) {
        return List.of("mount", "-t", "tmpfs", "-o", "size=" + size, "none", at.toString());
    }

    /** Also if somebody still has files open there, who keeps these. */
    private static List<String> unmounting(Path at) {
        return List.of("umount", "-l", at.toString());
    }

    /** Takes all the room that is left, to the last byte. */
    void fill() {
        try (OutputStream out = Files.newOutputStream(at.resolve(FILLER))) {
            for (int chunkBytes : List.of(1 << 20, 4096, 1)) {
                fill(out, new byte[chunkBytes]);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void fill(OutputStream out, byte[] chunk) {
        try {
            while (true) {
                out.write(chunk);
            }
        } catch (IOException full) {
            // as it should be
        }
    }

    /** Gives back what {@link #fill} took. */
    void free() {
        try {
            Files.delete(at.resolve(FILLER));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        Commands.run(unmounting(at));
    }
}
