package ottla.compat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The languages of {@code src/test/foreign}: how each fetches what its programs need, builds them and starts one. This happens in
 * a copy below {@code target/foreign}, which is kept, so that only the first run is slow.
 */
enum Toolchain {
    PYTHON {
        @Override
        List<String> proof() {
            return List.of("python3", "-m", "venv", "--help");
        }

        @Override
        List<List<String>> fetching() {
            return List.of(
                    List.of("python3", "-m", "venv", file("venv")),
                    List.of(file("venv/bin/pip"), "install", "--quiet", "--requirement", file("requirements.txt")));
        }

        @Override
        List<List<String>> building() {
            return List.of();
        }

        @Override
        List<String> starting(String program) {
            return List.of(file("venv/bin/python"), file(program + "_client.py"));
        }
    },

    GO {
        @Override
        List<String> proof() {
            return List.of("go", "version");
        }

        @Override
        List<List<String>> fetching() {
            return List.of(List.of("go", "-C", file("."), "mod", "download"));
        }

        @Override
        List<List<String>> building() {
            return List.of(List.of("go", "-C", file("."), "build", "-o", file("bin") + "/", "./..."));
        }

        @Override
        List<String> starting(String program) {
            return List.of(file("bin/" + program));
        }
    },

    NODE {
        @Override
        List<String> proof() {
            return List.of("npm", "--version");
        }

        @Override
        List<List<String>> fetching() {
            return List.of(List.of("npm", "--prefix", file("."), "ci", "--no-audit", "--no-fund"));
        }

        @Override
        List<List<String>> building() {
            return List.of();
        }

        @Override
        List<String> starting(String program) {
            return List.of("node", file(program + ".js"));
        }
    },

    RUST {
        @Override
        List<String> proof() {
            return List.of("cargo", "--version");
        }

        @Override
        List<List<String>> fetching() {
            return List.of(cargo("fetch"));
        }

        @Override
        List<List<String>> building() {
            return List.of(cargo("build", "--quiet", "--offline"));
        }

        @Override
        List<String> starting(String program) {
            return List.of(file("target/debug/" + program));
        }

        private List<String> cargo(String... arguments) {
            List<String> command = new ArrayList<>(List.of("cargo"));
            command.addAll(List.of(arguments));
            command.addAll(List.of("--locked", "--manifest-path", file("Cargo.toml")));
            return command;
        }
    };

    /** Compiling a C library of a client takes some minutes where the cores are few. */
    private static final Duration DEADLINE = Duration.ofMinutes(20);

    private static final Path MODULE =
            Path.of(System.getProperty("basedir", "")).toAbsolutePath();
    private static final Map<Toolchain, String> OBSTACLES = new ConcurrentHashMap<>();

    /** A command that succeeds where it is installed. */
    abstract List<String> proof();

    abstract List<List<String>> fetching();

    abstract List<List<String>> building();

    abstract List<String> starting(String program);

    /** Why no program can be run here: empty after all were built. Programs that cannot be built are a failure. */
    String obstacle() {
        return OBSTACLES.computeIfAbsent(this, Toolchain::prepare);
    }

    /** Where it keeps all that it makes. */
    Path folder() {
        return MODULE.resolve("target").resolve("foreign").resolve(source());
    }

    String file(String name) {
        return folder().resolve(name).normalize().toString();
    }

    private String source() {
        return name().toLowerCase(Locale.ROOT);
    }

    private String prepare() {
        if (!Commands.succeed(proof())) {
            return proof().getFirst() + " is not installed";
        }
        copySources();
        for (List<String> command : fetching()) {
            ToolRun run = ToolRun.run(command, "", DEADLINE);
            if (run.status() != 0) {
                return "what the programs of " + source() + " need could not be fetched: " + run;
            }
        }
        building().forEach(command -> ToolRun.run(command, "", DEADLINE).succeeded());
        return "";
    }

    private void copySources() {
        Path sources = MODULE.resolve("src/test/foreign").resolve(source());
        try (Stream<Path> all = Files.walk(sources)) {
            for (Path source : all.filter(Files::isRegularFile).toList()) {
                Path copy = folder().resolve(sources.relativize(source));
                Files.createDirectories(copy.getParent());
                // with its time, by which a build knows whether it changed
                Files.copy(source, copy, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
