package ottla.replication.quorum;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ottla.base.Uuid;
import ottla.wire.message.control.KRaftVersionRecord;
import ottla.wire.message.control.LeaderChangeMessage;
import ottla.wire.message.control.SnapshotFooterRecord;
import ottla.wire.message.control.SnapshotHeaderRecord;
import ottla.wire.message.control.VotersRecord;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Reader;
import ottla.wire.record.BatchWriter;
import ottla.wire.record.ControlType;

/** Control records as the messages that stand in control batches. All are written in version 0, as Kafka does. */
final class ControlMessages {
    private static final int VERSION = 0;

    private ControlMessages() {}

    static void append(BatchWriter batch, long timeMs, ControlRecord record) {
        switch (record) {
            case ControlRecord.LeaderChange change ->
                batch.appendControl(
                        timeMs,
                        ControlType.LEADER_CHANGE,
                        LeaderChangeMessage.DEFAULT
                                .withLeaderId(change.leaderId())
                                .withVoters(ids(change.voters()))
                                .withGrantingVoters(ids(change.grantingVoters())),
                        VERSION);
            case ControlRecord.KRaftVersion version ->
                batch.appendControl(
                        timeMs,
                        ControlType.KRAFT_VERSION,
                        KRaftVersionRecord.DEFAULT.withKRaftVersion((short) version.version()),
                        VERSION);
            case ControlRecord.Voters voters ->
                batch.appendControl(
                        timeMs,
                        ControlType.KRAFT_VOTERS,
                        VotersRecord.DEFAULT.withVoters(voters.voters().voters().stream()
                                .map(ControlMessages::voter)
                                .toList()),
                        VERSION);
            case ControlRecord.SnapshotHeader header ->
                batch.appendControl(
                        timeMs,
                        ControlType.SNAPSHOT_HEADER,
                        SnapshotHeaderRecord.DEFAULT.withLastContainedLogTimestamp(header.lastContainedTimeMs()),
                        VERSION);
            case ControlRecord.SnapshotFooter ignored ->
                batch.appendControl(timeMs, ControlType.SNAPSHOT_FOOTER, SnapshotFooterRecord.DEFAULT, VERSION);
        }
    }

    /** Empty for a type that this software does not know. */
    static Optional<ControlRecord> read(@Nullable ByteBuffer key, @Nullable ByteBuffer value) {
        Optional<ControlType> type = ControlType.ofKey(key);
        if (type.isEmpty()) {
            return Optional.empty();
        }
        if (value == null) {
            throw new MalformedMessage("a control record without a value");
        }
        Reader in = new Reader(value);
        // Every message repeats its version in its first field.
        int version = Math.max(0, new Reader(value).int16());
        return switch (type.get()) {
            case LEADER_CHANGE -> {
                LeaderChangeMessage change =
                        LeaderChangeMessage.read(in, Math.min(version, LeaderChangeMessage.MAX_VERSION));
                yield Optional.of(new ControlRecord.LeaderChange(
                        change.leaderId(),
                        change.voters().stream()
                                .map(LeaderChangeMessage.Voter::voterId)
                                .toList(),
                        change.grantingVoters().stream()
                                .map(LeaderChangeMessage.Voter::voterId)
                                .toList()));
            }
            case SNAPSHOT_HEADER ->
                Optional.of(new ControlRecord.SnapshotHeader(
                        SnapshotHeaderRecord.read(in, VERSION).lastContainedLogTimestamp()));
            case SNAPSHOT_FOOTER -> Optional.of(new ControlRecord.SnapshotFooter());
            case KRAFT_VERSION ->
                Optional.of(new ControlRecord.KRaftVersion(
                        KRaftVersionRecord.read(in, VERSION).kRaftVersion()));
            case KRAFT_VOTERS -> Optional.of(new ControlRecord.Voters(voters(VotersRecord.read(in, VERSION))));
            default -> Optional.empty();
        };
    }

    private static List<LeaderChangeMessage.Voter> ids(List<Integer> ids) {
        return ids.stream()
                .map(id -> LeaderChangeMessage.Voter.DEFAULT.withVoterId(id))
                .toList();
    }

    private static VotersRecord.Voter voter(Voter voter) {
        List<VotersRecord.Endpoint> endpoints = new ArrayList<>();
        voter.endpoints()
                .forEach((name, endpoint) ->
                        endpoints.add(new VotersRecord.Endpoint(name, endpoint.host(), endpoint.port())));
        return VotersRecord.Voter.DEFAULT
                .withVoterId(voter.id())
                .withVoterDirectoryId(voter.key().directoryId())
                .withEndpoints(endpoints)
                .withKRaftVersionFeature(new VotersRecord.KRaftVersionFeature(
                        (short) voter.minKRaftVersion(), (short) voter.maxKRaftVersion()));
    }

    private static VoterSet voters(VotersRecord record) {
        List<Voter> voters = new ArrayList<>();
        for (VotersRecord.Voter voter : record.voters()) {
            Map<String, Endpoint> endpoints = new LinkedHashMap<>();
            voter.endpoints()
                    .forEach(
                            endpoint -> endpoints.put(endpoint.name(), new Endpoint(endpoint.host(), endpoint.port())));
            Uuid directory = voter.voterDirectoryId();
            voters.add(new Voter(
                    new ReplicaKey(voter.voterId(), directory),
                    endpoints,
                    voter.kRaftVersionFeature().minSupportedVersion(),
                    voter.kRaftVersionFeature().maxSupportedVersion()));
        }
        return VoterSet.of(voters);
    }
}
