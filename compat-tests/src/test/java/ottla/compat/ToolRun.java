package ottla.compat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What a command said: a stock tool by its main class, in a JVM of its own, or any other program. */
record ToolRun(List<String> command, int status, String output, String errors) {
    private static final Duration DEADLINE = Duration.ofSeconds(90);

    /** Runs one of Kafka's tools by the name of its main class. */
    static ToolRun tool(String mainClass, String... arguments) {
        return toolReading("", mainClass, arguments);
    }

    /** As {@link #tool}, with the text given to its standard input. */
    static ToolRun toolReading(String input, String mainClass, String... arguments) {
        return run(Jvm.tool(mainClass, arguments), input);
    }

    static ToolRun run(List<String> command, String input) {
        return run(command, input, DEADLINE);
    }

    static ToolRun run(List<String> command, String input, Duration deadline) {
        try {
            Path output = Files.createTempFile("out", ".txt");
            Path errors = Files.createTempFile("err", ".txt");
            try {
                Process process = new ProcessBuilder(command)
                        .redirectOutput(output.toFile())
                        .redirectError(errors.toFile())
                        .start();
                try (OutputStream in = process.getOutputStream()) {
                    in.write(input.getBytes(StandardCharsets.UTF_8));
                } catch (IOException endedEarly) {
                    // the program did not read all of its input; its status and output tell why
                }
                int status = await(process, deadline, command, output, errors);
                return new ToolRun(command, status, Files.readString(output), Files.readString(errors));
            } finally {
                Files.delete(output);
                Files.delete(errors);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The output, of a run that must have succeeded. */
    String succeeded() {
        if (status != 0) {
            throw new AssertionError("status " + status + " from " + this);
        }
        return output;
    }

    List<String> lines() {
        return succeeded().lines().filter(line -> !line.isBlank()).toList();
    }

    @Override
    public String toString() {
        int main = command.indexOf("-cp") + 2;
        return String.join(" ", command.subList(main == 1 ? 0 : main, command.size())) + "\n--- output\n" + output
                + "\n--- errors\n" + errors;
    }

    private static int await(Process process, Duration deadline, List<String> command, Path output, Path errors)
            throws IOException {
        try {
            if (!process.waitFor(deadline)) {
                process.destroyForcibly();
                throw new AssertionError("still running after " + deadline.toSeconds() + " s: "
                        + new ToolRun(command, -1, Files.readString(output), Files.readString(errors)));
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
