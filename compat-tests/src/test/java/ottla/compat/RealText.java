package ottla.compat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The words that people wrote in the legal notices that every JDK carries and in the licences that Debian installs: real text
 * with its real distribution of words, found on any machine that can run the tests.
 */
final class RealText {
    private static final List<Path> FOLDERS =
            List.of(Path.of(System.getProperty("java.home"), "legal"), Path.of("/usr/share/common-licenses"));

    /** Fewer would not be a text but a sample. */
    private static final int ENOUGH_WORDS = 20_000;

    private RealText() {}

    /** One word where it stands. */
    record Place(String word, String line) {}

    /** All words in the order of the text. */
    static List<Place> places() {
        List<Place> places = new ArrayList<>();
        for (Path file : files()) {
            for (String line : read(file).lines().toList()) {
                for (String word : line.split("[^\\p{L}]+")) {
                    if (!word.isEmpty()) {
                        places.add(new Place(word, line.strip()));
                    }
                }
            }
        }
        if (places.size() < ENOUGH_WORDS) {
            throw new AssertionError("only " + places.size() + " words in " + FOLDERS);
        }
        return places;
    }

    private static List<Path> files() {
        List<Path> files = new ArrayList<>();
        for (Path folder : FOLDERS) {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> all = Files.walk(folder)) {
                    all.filter(file -> Files.isRegularFile(file) && !Files.isSymbolicLink(file))
                            .sorted()
                            .forEach(files::add);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        return files;
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
