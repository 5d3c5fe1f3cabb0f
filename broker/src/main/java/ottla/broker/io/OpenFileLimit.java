package ottla.broker.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many files this process may have open, and how many of them logs may. */
final class OpenFileLimit {
    /** What most systems give a process that did not ask for more. */
    private static final int USUAL = 1_024;

    /** A node must work with fewer files than it has logs, but not with none. */
    private static final int LOGS_MIN = 64;

    /** Each costs the system about a kilobyte, and what it is open for is to save ten microseconds. */
    private static final int LOGS_MAX = 32_768;

    private OpenFileLimit() {}

    /** Half of what the process may have: as many are left for connections, and for files that are in use beyond this bound. */
    static int ofLogs() {
        return ofLogs(processLimit());
    }

    static int ofLogs(long processLimit) {
        return Math.clamp(processLimit / 2, LOGS_MIN, LOGS_MAX);
    }

    /** From the system's own table, which costs less at a start than the JDK's beans do. The JVM has raised its soft limit to the hard one. */
    private static long processLimit() {
        try {
            return Files.readAllLines(Path.of("/proc/self/limits")).stream()
                    .filter(line -> line.startsWith("Max open files"))
                    .findFirst()
                    .map(OpenFileLimit::parse)
                    .orElse((long) USUAL);
        } catch (IOException absent) {
            return USUAL;
        }
    }

    /** {@code Max open files            1024                 524288               files}. */
    static long parse(String line) {
        String soft = line.substring("Max open files".length()).strip().split(" +", 2)[0];
        return soft.equals("unlimited") ? Integer.MAX_VALUE : Long.parseLong(soft);
    }
}
