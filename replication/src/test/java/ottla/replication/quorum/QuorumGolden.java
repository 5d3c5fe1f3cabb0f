package ottla.replication.quorum;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ottla.base.GoldenStory;

/** Stories of elections and replication as scripts. */
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
        GoldenStory.tell(FOLDER.resolve(story + ".txt"), new QuorumScript()::run);
    }
}
