package ottla.generator;

import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the schemas and writes the message types. */
public final class Main {
    public static void main(String[] args) throws Exception {
        Files.createDirectories(Path.of(args[1]));
    }
}
