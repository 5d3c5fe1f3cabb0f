package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.replication.quorum.Effect.Outgoing;
import ottla.replication.quorum.Effect.Reply;

/**
 * One replica's machine, driven by lines of text: {@code replica 1 of 1 2 3} makes it, {@code at 1500} lets time pass, and every
 * other line is an input, its fields written as {@code name=value}. {@code dynamic} puts the voters into the log instead of the
 * configuration (KIP-853), {@code listens 99} has this node moved since, {@code joins} makes it join by itself (KIP-1186). What the machine wants done comes back as text, and last what
 * it is then.
 */
final class QuorumScript {
    private final Map<String, String> fields = new HashMap<>();
    private final Set<String> words = new HashSet<>();
    private List<Integer> voters = List.of();
    private int self;
    private int ownPort;
    private int kRaftVersion;
    private QuorumMembership.Joining joining = QuorumMembership.Joining.BY_REQUEST;
    private Election saved = Election.NONE;
    private LogFacts facts = LogFacts.EMPTY;
    private @Nullable Quorum quorum;
    private long nowMs;
    private long nextRequest = 1;

    List<String> run(String line) {
        String[] parts = line.split(" +");
        fields.clear();
        words.clear();
        for (String part : parts) {
            int equals = part.indexOf('=');
            if (equals < 0) {
                words.add(part);
            } else {
                fields.put(part.substring(0, equals), part.substring(equals + 1));
            }
        }
        return switch (parts[0]) {
            case "replica" -> {
                self = Integer.parseInt(parts[1]);
                ownPort = self;
                voters = Stream.of(parts).skip(3).map(Integer::parseInt).toList();
                yield List.of();
            }
            case "dynamic" -> {
                kRaftVersion = 1;
                yield List.of();
            }
            case "listens" -> {
                ownPort = Integer.parseInt(parts[1]);
                yield List.of();
            }
            case "joins" -> {
                joining = QuorumMembership.Joining.BY_ITSELF;
                yield List.of();
            }
            case "saved" -> {
                saved = new Election(
                        number("epoch"),
                        fields.containsKey("leader") ? OptionalInt.of(number("leader")) : OptionalInt.empty(),
                        fields.containsKey("voted")
                                ? Optional.of(number("voted") == self ? directoryKey(self) : key(number("voted")))
                                : Optional.empty());
                yield List.of();
            }
            case "log" -> {
                List<EpochStart> epochs = new ArrayList<>();
                for (String start : fields.getOrDefault("epochs", "").split(",")) {
                    String[] pair = start.split("@");
                    epochs.add(new EpochStart(Integer.parseInt(pair[0]), Long.parseLong(pair[1])));
                }
                facts = new LogFacts(0, number("end"), epochs, List.of());
                yield List.of();
            }
            default -> step(input(parts[0]));
        };
    }

    private Input input(String name) {
        return switch (name) {
            case "at" -> {
                nowMs = Long.parseLong(words.stream()
                        .filter(word -> !word.equals("at"))
                        .findFirst()
                        .orElseThrow());
                yield new Input.Tick();
            }
            case "vote-asked" ->
                new Input.VoteAsked(
                        nextRequest++,
                        key(number("from")),
                        number("epoch"),
                        logEnd(fields.getOrDefault("log", "0@0")),
                        words.contains("before") ? Input.Asking.BEFORE_STANDING : Input.Asking.FOR_ELECTION,
                        Optional.of(key(self)));
            case "announced" ->
                new Input.LeaderAnnounced(
                        nextRequest++, number("from"), number("epoch"), endpoints(number("from")), Optional.empty());
            case "resigned" ->
                new Input.LeaderResigned(
                        nextRequest++,
                        number("from"),
                        number("epoch"),
                        endpoints(number("from")),
                        Stream.of(fields.getOrDefault("successors", "").split(","))
                                .map(id -> key(Integer.parseInt(id)))
                                .toList());
            case "fetch-asked" ->
                new Input.FetchAsked(
                        nextRequest++,
                        key(number("from")),
                        number("epoch"),
                        number("last"),
                        number("offset"),
                        number("hw"),
                        number("wait"));
            case "vote-answered" ->
                new Input.VoteAnswered(
                        number("send"),
                        error(),
                        leadership(),
                        words.contains("granted") ? Ballot.Vote.GRANTED : Ballot.Vote.REJECTED);
            case "announcement-answered" -> new Input.AnnouncementAnswered(number("send"), error(), leadership());
            case "resignation-answered" -> new Input.ResignationAnswered(number("send"), error(), leadership());
            case "fetch-answered" -> new Input.FetchAnswered(number("send"), error(), leadership(), fetched());
            case "snapshot-answered" ->
                new Input.SnapshotAnswered(
                        number("send"),
                        error(),
                        leadership(),
                        snapshot(),
                        number("position"),
                        number("size"),
                        number("total"));
            case "add-asked" ->
                new Input.VoterAddAsked(
                        nextRequest++,
                        directoryKey(number("voter")),
                        words.contains("nowhere") ? Map.of() : endpoints(number("voter")),
                        words.contains("when-appended")
                                ? Input.Acknowledge.WHEN_APPENDED
                                : Input.Acknowledge.WHEN_COMMITTED);
            case "remove-asked" -> new Input.VoterRemoveAsked(nextRequest++, directoryKey(number("voter")));
            case "update-asked" ->
                new Input.VoterUpdateAsked(
                        nextRequest++,
                        number("epoch"),
                        new Voter(
                                directoryKey(number("voter")),
                                endpoints(fields.containsKey("port") ? number("port") : number("voter")),
                                number("min"),
                                number("max")));
            case "upgrade-asked" ->
                new Input.KRaftVersionAsked(
                        nextRequest++,
                        number("epoch"),
                        number("version"),
                        words.contains("validate") ? Input.Upgrade.VALIDATE : Input.Upgrade.MAKE);
            case "versions-answered" ->
                new Input.VersionsAnswered(number("send"), error(), number("min"), number("max"));
            case "update-answered" -> new Input.VoterUpdateAnswered(number("send"), error(), leadership());
            case "join-answered" -> new Input.JoinAnswered(number("send"), error());
            case "appended" -> new Input.Appended(number("epoch"), number("end"), controls());
            case "flushed" -> new Input.Flushed(number("end"));
            case "installed" -> new Input.SnapshotInstalled(snapshot(), List.of());
            case "failed" -> new Input.SendFailed(number("send"));
            case "refused" -> new Input.SendRefused(number("send"));
            case "resign" -> new Input.ResignAsked(number("epoch"));
            case "shutdown" -> new Input.ShutdownAsked();
            default -> throw new IllegalArgumentException(name);
        };
    }

    private List<String> step(Input input) {
        Quorum machine = quorum;
        if (machine == null) {
            machine = machine();
            quorum = machine;
        }
        List<String> lines = new ArrayList<>();
        machine.step(nowMs, input).forEach(effect -> lines.add("  " + text(effect)));
        long deadlineMs = machine.nextDeadlineMs();
        lines.add("  = " + text(machine.role()) + (deadlineMs == Long.MAX_VALUE ? "" : ", next at " + deadlineMs));
        return lines;
    }

    private Quorum machine() {
        VoterHistory history = new VoterHistory(kRaftVersion == 0 ? voters(voters) : VoterSet.EMPTY);
        if (kRaftVersion > 0) {
            history.record(new ControlRecord.KRaftVersion(kRaftVersion), VoterHistory.BEFORE_THE_LOG);
            history.record(new ControlRecord.Voters(voters(voters)), VoterHistory.BEFORE_THE_LOG);
        }
        List<Endpoint> bootstrap = voters.stream()
                .filter(id -> id != self)
                .map(id -> new Endpoint("node", id))
                .toList();
        return new Quorum(
                new QuorumMembership(
                        directoryKey(self), endpoints(ownPort), SimulatedCluster.LISTENER, bootstrap, joining),
                Timeouts.DEFAULT,
                new SplittableRandom(1),
                saved,
                facts,
                history,
                nowMs);
    }

    /** Static voters say nothing of themselves. */
    private VoterSet voters(List<Integer> ids) {
        return VoterSet.of(ids.stream()
                .map(id -> new Voter(key(id), endpoints(id), 0, kRaftVersion))
                .toList());
    }

    /** {@code voters=1,2 voters-at=5} is a record of voters at offset 5, {@code version=1 version-at=4} one of the level; with
     * {@code former=} this node votes under the directory that it had before. */
    private Map<Long, ControlRecord> controls() {
        Map<Long, ControlRecord> controls = new HashMap<>();
        if (fields.containsKey("version")) {
            kRaftVersion = number("version");
            controls.put((long) number("version-at"), new ControlRecord.KRaftVersion(kRaftVersion));
        }
        if (fields.containsKey("voters")) {
            List<Integer> ids = Stream.of(fields.getOrDefault("voters", "").split(","))
                    .map(Integer::parseInt)
                    .toList();
            controls.put((long) number("voters-at"), new ControlRecord.Voters(voters(ids)));
        }
        if (fields.containsKey("former")) {
            List<Voter> former = new ArrayList<>();
            for (String id : fields.getOrDefault("former", "").split(",")) {
                int voter = Integer.parseInt(id);
                ReplicaKey key = voter == self ? new ReplicaKey(self, new Uuid(8, self)) : directoryKey(voter);
                former.add(new Voter(key, endpoints(voter), 0, kRaftVersion));
            }
            controls.put((long) number("voters-at"), new ControlRecord.Voters(VoterSet.of(former)));
        }
        return controls;
    }

    private int number(String name) {
        return Integer.parseInt(fields.getOrDefault(name, "0"));
    }

    private ErrorCode error() {
        return ErrorCode.valueOf(fields.getOrDefault("error", "NONE"));
    }

    private Leadership leadership() {
        OptionalInt leader = fields.containsKey("leader") ? OptionalInt.of(number("leader")) : OptionalInt.empty();
        return new Leadership(number("epoch"), leader, leader.isPresent() ? endpoints(leader.getAsInt()) : Map.of());
    }

    private Input.Fetched fetched() {
        if (fields.containsKey("diverging")) {
            return new Input.Fetched.Diverging(logEnd(fields.getOrDefault("diverging", "")));
        }
        return fields.containsKey("id")
                ? new Input.Fetched.Snapshot(snapshot())
                : new Input.Fetched.Records(number("records"), number("hw"));
    }

    private SnapshotId snapshot() {
        String[] pair = fields.getOrDefault("id", "").split("-");
        return new SnapshotId(Long.parseLong(pair[0]), Integer.parseInt(pair[1]));
    }

    /** Written as epoch@offset. */
    private static LogEnd logEnd(String text) {
        String[] pair = text.split("@");
        return new LogEnd(Integer.parseInt(pair[0]), Long.parseLong(pair[1]));
    }

    private ReplicaKey key(int id) {
        return kRaftVersion == 0 ? ReplicaKey.ofUnknownDirectory(id) : directoryKey(id);
    }

    private static ReplicaKey directoryKey(int id) {
        return new ReplicaKey(id, new Uuid(7, id));
    }

    private static Map<String, Endpoint> endpoints(int id) {
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        endpoints.put(SimulatedCluster.LISTENER, new Endpoint("node", id));
        return endpoints;
    }

    private static String text(Effect effect) {
        return switch (effect) {
            case Effect.SaveElection save ->
                "save epoch %d%s%s"
                        .formatted(
                                save.election().epoch(),
                                leader(save.election().leaderId()),
                                save.election()
                                        .votedFor()
                                        .map(voted -> ", voted for " + voted.id())
                                        .orElse(""));
            case Effect.Send send ->
                "send #%d to %s: %s".formatted(send.send(), peer(send.peer()), text(send.message()));
            case Effect.AnswerVote answer ->
                "answer %d: %s %s"
                        .formatted(answer.request(), answer.vote(), text(answer.error(), answer.leadership()));
            case Effect.AnswerAnnouncement answer ->
                "answer %d: %s".formatted(answer.request(), text(answer.error(), answer.leadership()));
            case Effect.AnswerFetch answer ->
                "answer %d: %s %s"
                        .formatted(answer.request(), text(answer.reply()), text(answer.error(), answer.leadership()));
            case Effect.AnswerSnapshot answer ->
                "answer %d: %s".formatted(answer.request(), text(answer.error(), answer.leadership()));
            case Effect.AnswerVoterChange answer ->
                "answer %d: %s%s"
                        .formatted(
                                answer.request(),
                                answer.error(),
                                answer.message().map(message -> ", " + message).orElse(""));
            case Effect.AnswerVoterUpdate answer ->
                "answer %d: %s(epoch %d%s)"
                        .formatted(
                                answer.request(),
                                answer.error() + " ",
                                answer.leadership().epoch(),
                                leader(answer.leadership().leaderId()));
            case Effect.AnswerKRaftVersion answer ->
                "answer %d: %s%s"
                        .formatted(
                                answer.request(),
                                answer.error(),
                                answer.message().map(message -> ", " + message).orElse(""));
            case Effect.AppendControl append ->
                "append in epoch %d: %s"
                        .formatted(
                                append.epoch(),
                                append.controls().stream()
                                        .map(QuorumScript::text)
                                        .toList());
            case Effect.AppendFetched append -> "append what came with #" + append.send();
            case Effect.WriteSnapshot write ->
                "write what came with #%d at %d of snapshot %s".formatted(write.send(), write.position(), write.id());
            case Effect.InstallSnapshot install -> "install snapshot " + install.id();
            case Effect.Truncate truncate -> "truncate to " + truncate.endOffset();
            case Effect.Commit commit -> "commit up to " + commit.highWatermark();
            case Effect.BecomeLeader leader ->
                "lead epoch %d from %d".formatted(leader.epoch(), leader.epochStartOffset());
            case Effect.LoseLeadership lost -> "lead epoch %d no more".formatted(lost.epoch());
            case Effect.LeaderKnown known -> "report epoch %d%s".formatted(known.epoch(), leader(known.leaderId()));
        };
    }

    private static String text(Outgoing message) {
        return switch (message) {
            case Outgoing.Vote vote ->
                "%s in epoch %d, log %s"
                        .formatted(
                                vote.asking() == Input.Asking.BEFORE_STANDING ? "pre-vote" : "vote",
                                vote.epoch(),
                                text(vote.log()));
            case Outgoing.AnnounceLeader announcement -> "begin epoch " + announcement.epoch();
            case Outgoing.AnnounceResignation resignation ->
                "end epoch %d, then %s"
                        .formatted(
                                resignation.epoch(),
                                resignation.preferredSuccessors().stream()
                                        .map(ReplicaKey::id)
                                        .toList());
            case Outgoing.Fetch fetch -> "fetch in epoch %d, log %s".formatted(fetch.epoch(), text(fetch.log()));
            case Outgoing.FetchSnapshot fetch ->
                "fetch snapshot %s from %d in epoch %d".formatted(fetch.id(), fetch.position(), fetch.epoch());
            case Outgoing.AskVersions ignored -> "which versions?";
            case Outgoing.UpdateVoter update ->
                "update voter in epoch %d: %s".formatted(update.epoch(), text(update.self()));
            case Outgoing.AddVoter add -> "add voter " + text(add.self());
            case Outgoing.RemoveVoter remove -> "remove voter " + text(remove.voter());
        };
    }

    private static String text(ControlRecord control) {
        return control instanceof ControlRecord.Voters voters
                ? voters.voters().voters().stream()
                        .map(QuorumScript::text)
                        .toList()
                        .toString()
                : control.toString();
    }

    private static String text(Voter voter) {
        return "%s at %s, versions %d to %d"
                .formatted(
                        text(voter.key()),
                        voter.endpoints().values(),
                        voter.minKRaftVersion(),
                        voter.maxKRaftVersion());
    }

    /** With an asterisk, if it is known where it keeps its log. */
    private static String text(ReplicaKey replica) {
        return replica.id() + (replica.directoryId().isZero() ? "" : "*");
    }

    private static String text(Reply reply) {
        return switch (reply) {
            case Reply.Records records ->
                "records from %d, committed %d".formatted(records.fromOffset(), records.highWatermark());
            case Reply.Diverging diverging -> "diverging at " + text(diverging.end());
            case Reply.Snapshot snapshot -> "snapshot " + snapshot.id();
            case Reply.Nothing ignored -> "nothing";
        };
    }

    private static String text(ErrorCode error, Leadership leadership) {
        return "%s(epoch %d%s)"
                .formatted(
                        error == ErrorCode.NONE ? "" : error + " ", leadership.epoch(), leader(leadership.leaderId()));
    }

    private static String text(Role role) {
        return switch (role) {
            case Role.Unattached unattached ->
                "Unattached in epoch " + unattached.epoch() + leader(unattached.leader()) + votedFor(role);
            case Role.Resigned resigned ->
                "Resigned in epoch %d, not told %s".formatted(role.epoch(), resigned.notTold());
            case Role.Prospective prospective ->
                "Prospective in epoch " + role.epoch() + leader(prospective.leader()) + votedFor(role) + " "
                        + prospective.ballot().votes();
            case Role.Candidate candidate ->
                "Candidate in epoch " + role.epoch() + " " + candidate.ballot().votes();
            case Role.Follower follower ->
                "Follower of %d in epoch %d%s".formatted(follower.leaderId(), role.epoch(), votedFor(role));
            case Role.Leader leader -> "Leader in epoch " + leader.epoch();
        };
    }

    private static String votedFor(Role role) {
        return role.votedFor().map(voted -> ", voted for " + voted.id()).orElse("");
    }

    private static String leader(OptionalInt leader) {
        return leader.isPresent() ? ", leader " + leader.getAsInt() : "";
    }

    private static String peer(Effect.Peer peer) {
        return peer.id().isPresent() ? "" + peer.id().getAsInt() : "bootstrap " + peer.endpoint();
    }

    private static String text(LogEnd end) {
        return end.epoch() + "@" + end.endOffset();
    }
}
