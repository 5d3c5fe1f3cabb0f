package ottla.compat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How another JVM is started on the libraries of this one's class path. */
final class Jvm {
    private static final Path LOGGING =
            Path.of(System.getProperty("basedir", ""), "src/test/resources/logback-test.xml");

    private static final List<String> QUIET = List.of("-XX:+UseSerialGC", "-Xlog:disable", "-Xlog:all=error:stderr");

    private Jvm() {}

    /** The command of a program that runs long. The main class and its arguments follow. */
    static List<String> server(String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        command.add("-Dlogback.configurationFile=" + LOGGING.toAbsolutePath());
        command.addAll(List.of("-cp", libraries()));
        return command;
    }

    /** The command of a tool, which ends soon. */
    static List<String> tool(String mainClass, String... arguments) {
        List<String> options = new ArrayList<>(List.of("-Xmx256m"));
        options.addAll(soonStarted(mainClass));
        List<String> command = server(options.toArray(String[]::new));
        command.add(mainClass);
        command.addAll(List.of(arguments));
        return command;
    }

    /**
     * For a program whose start is most of what it does. An archive of its classes, made by its first run, halves the time of the
     * others, and the second compiler would only take time from the broker. Where there is a training's cache, that is better yet.
     */
    static List<String> soonStarted(String mainClass) {
        List<String> options = new ArrayList<>(QUIET);
        options.add("-XX:TieredStopAtLevel=1");
        Path cache = cache(mainClass);
        if (Files.exists(cache)) {
            options.add("-XX:AOTCache=" + cache);
        } else {
            options.add("-XX:+AutoCreateSharedArchive");
            options.add("-XX:SharedArchiveFile=" + archive(mainClass, "jsa"));
        }
        return options;
    }

    /** Writes at its orderly end into {@link #cache} what it has loaded, linked and learnt (JEP 514). */
    static List<String> training(String mainClass) {
        List<String> options = new ArrayList<>(QUIET);
        options.add("-XX:AOTCacheOutput=" + cache(mainClass));
        return options;
    }

    static Path cache(String mainClass) {
        return archive(mainClass, "aot");
    }

    private static Path archive(String mainClass, String suffix) {
        return BrokerProcess.WORK.resolve(mainClass + "." + suffix).toAbsolutePath();
    }

    private static String libraries() {
        // Surefire hides the real class path behind a jar with a manifest; folders would forbid an archive of classes
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Stream.of(all.split(File.pathSeparator))
                .filter(entry -> entry.endsWith(".jar"))
                .collect(Collectors.joining(File.pathSeparator));
    }
}
