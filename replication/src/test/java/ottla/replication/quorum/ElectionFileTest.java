package ottla.replication.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ottla.base.Uuid;

final class ElectionFileTest {
    private static final VoterSet VOTERS = VoterSet.of(List.of(
            new Voter(ReplicaKey.ofUnknownDirectory(2), Map.of(), 0, 1),
            new Voter(ReplicaKey.ofUnknownDirectory(1), Map.of(), 0, 1)));

    @Test
    void version0NamesTheConfiguredVoters() {
        Election election = new Election(7, OptionalInt.empty(), Optional.of(ReplicaKey.ofUnknownDirectory(2)));

        String text = ElectionFile.text(election, VOTERS, 0);

        assertThat(text)
                .isEqualTo("{\"clusterId\":\"\",\"leaderId\":-1,\"leaderEpoch\":7,\"votedId\":2,\"appliedOffset\":0,"
                        + "\"currentVoters\":[{\"voterId\":1},{\"voterId\":2}],\"data_version\":0}");
        assertThat(ElectionFile.read(text)).contains(election);
    }

    @Test
    void version1NamesTheDirectoryVotedFor() {
        Election election = new Election(7, OptionalInt.of(3), Optional.of(new ReplicaKey(2, new Uuid(5, 6))));

        String text = ElectionFile.text(election, VOTERS, 1);

        assertThat(text)
                .isEqualTo("{\"leaderId\":3,\"leaderEpoch\":7,\"votedId\":2,\"votedDirectoryId\":"
                        + "\"AAAAAAAAAAUAAAAAAAAABg\",\"data_version\":1}");
        assertThat(ElectionFile.read(text)).contains(election);
    }

    @Test
    void spacesAndOtherOrdersAreRead() {
        assertThat(ElectionFile.read("{ \"data_version\" : 1, \"votedId\": -1,\n \"leaderEpoch\":4, \"leaderId\":9 }"))
                .contains(new Election(4, OptionalInt.of(9), Optional.empty()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "{\"leaderId\":1,\"leaderEpoch\":1,\"votedId\":-1,\"data_version\":2}",
                "{\"leaderId\":1,\"leaderEpoch\":-1,\"votedId\":-1,\"data_version\":1}",
                "{\"leaderId\":1,\"leaderEpoch\":1,\"votedId\":1,\"votedDirectoryId\":\"short\",\"data_version\":1}",
                "{\"leaderId\":1,\"leaderEp"
            })
    void anythingElseIsNotTakenForAnElection(String text) {
        assertThat(ElectionFile.read(text)).isEmpty();
    }
}
