package ottla.coordinator.io;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ottla.base.GoldenStory;

/** Stories of groups as scripts. */
class GroupsGolden {
    private static final Path FOLDER = Path.of("src/test/resources/golden/groups");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "join-sync-leave",
                "member-ids",
                "static-members",
                "timeouts",
                "protocols",
                "limits",
                "log-trouble",
                "administration",
                "offsets",
                "offset-expiry",
                "restart"
            })
    void tellsTheStory(String story) throws IOException {
        GoldenStory.tell(FOLDER.resolve(story + ".txt"), new GroupScript()::run);
    }
}
