package ottla.replication.quorum;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ottla.base.GoldenStory;

/** Stories of elections, replication and changes of the voters as scripts, to be read beside KIP-595, KIP-853, KIP-996 and KIP-1186. */
final class QuorumGolden {
    private static final Path FOLDER = Path.of("src/test/resources/golden/quorum");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "alone",
                "restart-alone",
                "restart-after-losing",
                "vote-given-in-vain",
                "first-election",
                "lost-election",
                "votes",
                "pre-votes",
                "follower",
                "follower-gives-up",
                "leader-gone",
                "leader-gone-for-one",
                "divergence",
                "snapshot",
                "snapshot-twice",
                "snapshot-then-epoch",
                "leader-serves",
                "leader-knows-less",
                "check-quorum",
                "resignation",
                "succession",
                "observer",
                "disruptive-server",
                "add-voter",
                "add-voter-refused",
                "voter-added-leader-lost",
                "new-voter-stands",
                "remove-voter",
                "remove-voter-refused",
                "remove-leader",
                "removed-leader-needed",
                "update-voter",
                "voter-moved",
                "upgrade-voters",
                "static-voter-tells",
                "auto-join"
            })
    void tellsTheStory(String story) throws IOException {
        GoldenStory.tell(FOLDER.resolve(story + ".txt"), new QuorumScript()::run);
    }
}
