package ottla.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * A story in a file: what is done stands at the margin, what came of it indented below, {@code #} begins a remark. With
 * {@code -Dottla.rewrite=true} what comes of it now is written; the difference is then reviewed.
 */
public final class GoldenStory {
    private GoldenStory() {}

    /** Does what the file says, a line at a time, and expects what it says of it. */
    public static void tell(Path file, Function<String, List<String>> script) throws IOException {
        List<String> expected = Files.readAllLines(file);
        List<String> actual = new ArrayList<>();
        for (String line : expected) {
            boolean said = !line.startsWith("  ");
            if (said) {
                actual.add(line);
            }
            if (said && !line.isEmpty() && !line.startsWith("#")) {
                actual.addAll(script.apply(line));
            }
        }
        if (Boolean.getBoolean("ottla.rewrite")) {
            Files.write(file, actual);
        }
        // told as a difference: the whole of a long story hides the one line that matters
        assertThat(stream(actual)).hasSameContentAs(stream(expected));
    }

    private static InputStream stream(List<String> lines) {
        return new ByteArrayInputStream(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
    }
}
