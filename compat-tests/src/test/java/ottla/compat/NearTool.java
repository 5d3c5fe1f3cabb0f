package ottla.compat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.apache.kafka.common.utils.Exit;
import org.slf4j.LoggerFactory;

/**
 * One of Kafka's tools, run in this JVM by its main method: to start a JVM is most of what a tool does, and a story has dozens of them.
 * What it prints is caught, and its exit. A tool whose arguments are of the wrong form would end this JVM: such belong to {@link ToolRun}.
 */
final class NearTool {
    private static final int DEADLINE_SECONDS = 90;

    static {
        // what a logger says of its own configuration is nobody's output
        LoggerFactory.getILoggerFactory();
    }

    private NearTool() {}

    /** Unwinds the tool at its exit; one that catches everything exits once more, which changes nothing. */
    private static final class Exited extends Error {
        private static final long serialVersionUID = 1;
    }

    static synchronized ToolRun run(String mainClass, String... arguments) {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        IntFunction<ToolRun> ended = status -> new ToolRun(
                Stream.concat(Stream.of(mainClass), Stream.of(arguments)).toList(),
                status,
                output.toString(StandardCharsets.UTF_8),
                errors.toString(StandardCharsets.UTF_8));
        AtomicReference<ToolRun> atExit = new AtomicReference<>();
        PrintStream usualOutput = System.out;
        PrintStream usualErrors = System.err;
        Exit.setExitProcedure((status, _) -> {
            atExit.compareAndSet(null, ended.apply(status));
            throw new Exited();
        });
        System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
        Optional<Throwable> thrown;
        try {
            thrown = call(mainClass, arguments);
        } finally {
            System.setOut(usualOutput);
            System.setErr(usualErrors);
            Exit.resetExitProcedure();
        }
        // as a JVM of its own would end
        thrown.ifPresent(failure -> errors.writeBytes(failure.toString().getBytes(StandardCharsets.UTF_8)));
        return Optional.ofNullable(atExit.get()).orElseGet(() -> ended.apply(thrown.isPresent() ? 1 : 0));
    }

    /**
     * Returns what the tool threw, but for its exit. In a thread of its own, since a tool that waits for something that never comes must not
     * hold up all other tests.
     */
    private static Optional<Throwable> call(String mainClass, String... arguments) {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().daemon().name(mainClass).start(() -> {
            try {
                Class.forName(mainClass).getMethod("main", String[].class).invoke(null, (Object) arguments);
                ended.complete(null);
            } catch (InvocationTargetException thrown) {
                ended.completeExceptionally(thrown.getCause());
            } catch (ReflectiveOperationException e) {
                ended.completeExceptionally(e);
            }
        });
        try {
            ended.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            return Optional.empty();
        } catch (ExecutionException thrown) {
            return Optional.of(thrown.getCause()).filter(failure -> !(failure instanceof Exited));
        } catch (TimeoutException late) {
            thread.interrupt();
            throw new AssertionError(
                    "still running after " + DEADLINE_SECONDS + " s: " + mainClass + " " + String.join(" ", arguments));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
