package ottla.replication.quorum;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import ottla.base.Uuid;

/**
 * The file {@code quorum-state} as text: one JSON object without spaces, in version 0 while {@code kraft.version} is 0, else in
 * version 1.
 *
 * <pre>
 * {"clusterId":"","leaderId":1,"leaderEpoch":3,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}
 * {"leaderId":1,"leaderEpoch":3,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}
 * </pre>
 */
public final class ElectionFile {
    public static final String NAME = "quorum-state";

    private static final int NOBODY = -1;

    private ElectionFile() {}

    public static String text(Election election, VoterSet voters, int kRaftVersion) {
        int leaderId = election.leaderId().orElse(NOBODY);
        int votedId = election.votedFor().map(ReplicaKey::id).orElse(NOBODY);
        if (kRaftVersion > 0) {
            Uuid votedDirectory =
                    election.votedFor().map(ReplicaKey::directoryId).orElse(Uuid.ZERO);
            return "{\"leaderId\":%d,\"leaderEpoch\":%d,\"votedId\":%d,\"votedDirectoryId\":\"%s\",\"data_version\":1}"
                    .formatted(leaderId, election.epoch(), votedId, votedDirectory);
        }
        String currentVoters =
                voters.ids().stream().map("{\"voterId\":%d}"::formatted).collect(Collectors.joining(",", "[", "]"));
        return ("{\"clusterId\":\"\",\"leaderId\":%d,\"leaderEpoch\":%d,\"votedId\":%d,\"appliedOffset\":0,"
                        + "\"currentVoters\":%s,\"data_version\":0}")
                .formatted(leaderId, election.epoch(), votedId, currentVoters);
    }

    /** Reads what Kafka or {@link #text} wrote; empty if it is neither. */
    public static Optional<Election> read(String text) {
        Optional<Integer> version = number(text, "data_version");
        Optional<Integer> leaderId = number(text, "leaderId");
        Optional<Integer> epoch = number(text, "leaderEpoch");
        Optional<Integer> votedId = number(text, "votedId");
        boolean known = version.isPresent() && (version.get() == 0 || version.get() == 1);
        if (!known || leaderId.isEmpty() || epoch.isEmpty() || votedId.isEmpty() || epoch.get() < 0) {
            return Optional.empty();
        }
        Uuid directory;
        try {
            directory = field(text, "votedDirectoryId", "\"([A-Za-z0-9_-]+)\"")
                    .map(Uuid::parse)
                    .orElse(Uuid.ZERO);
        } catch (IllegalArgumentException notAnId) {
            return Optional.empty();
        }
        OptionalInt leader = leaderId.get() == NOBODY ? OptionalInt.empty() : OptionalInt.of(leaderId.get());
        Optional<ReplicaKey> votedFor =
                votedId.get() == NOBODY ? Optional.empty() : Optional.of(new ReplicaKey(votedId.get(), directory));
        return Optional.of(new Election(epoch.get(), leader, votedFor));
    }

    private static Optional<Integer> number(String text, String name) {
        return field(text, name, "(-?[0-9]{1,9})").map(Integer::parseInt);
    }

    private static Optional<String> field(String text, String name, String value) {
        Matcher matcher = Pattern.compile("\"" + name + "\"\\s*:\\s*" + value).matcher(text);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }
}
