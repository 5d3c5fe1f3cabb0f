package ottla.compat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Programs of the system that end at once. */
final class Commands {
    private Commands() {}

    /** Whether it is there and ends with success. */
    static boolean succeed(List<String> command) {
        return complaint(command).isEmpty();
    }

    /** Runs what must succeed. */
    static void run(List<String> command) {
        String complaint = complaint(command);
        if (!complaint.isEmpty()) {
            throw new AssertionError(String.join(" ", command) + ": " + complaint);
        }
    }

    /** Empty after a success. */
    private static String complaint(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            return status == 0 ? "" : "status " + status + ": " + said;
        } catch (IOException absent) {
            return String.valueOf(absent.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("interrupted", e));
        }
    }
}
