package ottla.replication.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Stories of elections and replication as scripts: each line with what came of it indented below. Run with
 * {@code -Dottla.rewrite=true} to write what comes of them now; the difference is then reviewed.
 */
final class QuorumGolden {
    private static final Path FOLDER = Path.of("src/test/resources/golden/quorum");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "alone",
                "restart-alone",
                "first-election",
                "lost-election",
                "votes",
                "pre-votes",
                "follower",
                "follower-gives-up",
                "divergence",
                "snapshot",
                "leader-serves",
                "check-quorum",
                "resignation",
                "succession",
                "observer"
            })
    void tellsTheStory(String story) throws IOException {
        Path file = FOLDER.resolve(story + ".txt");
        List<String> expected = Files.readAllLines(file);
        QuorumScript script = new QuorumScript();
        List<String> actual = new ArrayList<>();
        for (String line : expected) {
            boolean said = !line.startsWith("  ");
            if (said) {
                actual.add(line);
            }
            if (said && !line.isEmpty() && !line.startsWith("#")) {
                actual.addAll(script.run(line));
            }
        }
        if (Boolean.getBoolean("ottla.rewrite")) {
            Files.write(file, actual);
        }
        assertThat(actual).containsExactlyElementsOf(expected);
    }
}
