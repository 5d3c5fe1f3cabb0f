package ottla.compat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A run of a program of {@code src/test/foreign}, which says in lines how far it is. */
final class ForeignProgram {
    /** Each of its steps has a deadline of its own, so this is reached by one that hangs. */
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private ForeignProgram() {}

    /**
     * Runs it to its end, which must be a success, and returns its lines. At each line {@code restart} it waits for a line in
     * return, which it is given after the broker was restarted.
     */
    static List<String> run(List<String> command, Path errors, Runnable restart) {
        List<String> lines = new ArrayList<>();
        try {
            Process process =
                    new ProcessBuilder(command).redirectError(errors.toFile()).start();
            CompletableFuture.delayedExecutor(DEADLINE.toSeconds(), TimeUnit.SECONDS)
                    .execute(process::destroyForcibly);
            try (BufferedReader said = process.inputReader();
                    Writer answers = process.outputWriter()) {
                for (String line = said.readLine(); line != null; line = said.readLine()) {
                    lines.add(line);
                    if (line.equals("restart")) {
                        restart.run();
                        answers.write("\n");
                        answers.flush();
                    }
                }
                int status = process.waitFor();
                if (status != 0) {
                    throw new AssertionError("status " + status + " from " + String.join(" ", command) + " after "
                            + lines + ", " + errors.getFileName() + ":\n" + Files.readString(errors));
                }
                return lines;
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
