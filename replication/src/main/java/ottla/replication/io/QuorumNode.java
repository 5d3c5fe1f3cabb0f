package ottla.replication.io;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Check;
import ottla.base.ErrorCode;
import ottla.log.io.LogShell;
import ottla.log.io.ReadResult;
import ottla.replication.quorum.Ballot;
import ottla.replication.quorum.ControlRecord;
import ottla.replication.quorum.Effect;
import ottla.replication.quorum.Effect.Outgoing;
import ottla.replication.quorum.Input;
import ottla.replication.quorum.Leadership;
import ottla.replication.quorum.MetadataBatches;
import ottla.replication.quorum.QuorumOutgoing;
import ottla.replication.quorum.QuorumRequests;
import ottla.replication.quorum.QuorumRequests.Parsed;
import ottla.replication.quorum.QuorumResponses;
import ottla.replication.quorum.QuorumStatus;
import ottla.replication.quorum.SnapshotId;
import ottla.replication.quorum.VersionedRecord;
import ottla.replication.quorum.VoterHistory;
import ottla.replication.quorum.VoterSet;
import ottla.wire.io.PeerFailure;
import ottla.wire.message.AddRaftVoterRequest;
import ottla.wire.message.AddRaftVoterResponse;
import ottla.wire.message.BeginQuorumEpochRequest;
import ottla.wire.message.BeginQuorumEpochResponse;
import ottla.wire.message.DescribeQuorumRequest;
import ottla.wire.message.DescribeQuorumResponse;
import ottla.wire.message.EndQuorumEpochRequest;
import ottla.wire.message.EndQuorumEpochResponse;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchSnapshotRequest;
import ottla.wire.message.FetchSnapshotResponse;
import ottla.wire.message.RemoveRaftVoterRequest;
import ottla.wire.message.RemoveRaftVoterResponse;
import ottla.wire.message.UpdateRaftVoterRequest;
import ottla.wire.message.UpdateRaftVoterResponse;
import ottla.wire.message.VoteRequest;
import ottla.wire.message.VoteResponse;
import ottla.wire.primitive.Payload;
import ottla.wire.primitive.UnsupportedField;

/**
 * This node's part in the metadata quorum: the thread that owns the machine and the metadata log, and everything others may ask
 * of it.
 *
 * <p>Life: {@link #start} opens the log and tells the listeners what was committed before; a quorum's only voter leads at once.
 * {@link #close} resigns and closes the log. If the log cannot be written, or an invariant is broken, the thread ends, {@code fault}
 * is told, and every question from then on fails.
 *
 * <p>Any thread may call. The listeners are called on the thread named {@code ottla-metadata-quorum}.
 */
public final class QuorumNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QuorumNode.class);

    private final LogShell disk;
    private final QuorumPeers peers;
    private final LongSupplier ticksMs;
    private final QuorumRequests requests;
    private final QuorumResponses responses;
    private final QuorumOutgoing outgoing;
    private final QuorumShell shell;
    private final QuorumTurns turns;

    private QuorumNode(
            QuorumSettings settings,
            LogShell disk,
            QuorumPeers peers,
            LongSupplier ticksMs,
            List<QuorumListener> listeners,
            Consumer<Throwable> fault,
            QuorumTurns.Drive drive) {
        this.disk = disk;
        this.peers = peers;
        this.ticksMs = ticksMs;
        requests = new QuorumRequests(settings.clusterId());
        responses = new QuorumResponses(settings.membership().listener());
        outgoing = new QuorumOutgoing(settings.clusterId(), settings.membership());
        QuorumLog log = QuorumLog.open(disk, settings.log());
        turns = new QuorumTurns(
                drive,
                ticksMs,
                fault,
                added -> new QuorumShell(
                        settings,
                        log,
                        listeners,
                        disk.clock(),
                        ticksMs,
                        disk.random(),
                        this::send,
                        added::add,
                        added::wake));
        shell = turns.shell();
    }

    /**
     * Opens the metadata log and takes part from then on.
     *
     * @param ticksMs a clock that never goes back, in milliseconds from any origin
     * @param fault told once if this node cannot go on
     */
    public static QuorumNode start(
            QuorumSettings settings,
            LogShell disk,
            QuorumPeers peers,
            LongSupplier ticksMs,
            List<QuorumListener> listeners,
            Consumer<Throwable> fault) {
        QuorumNode node =
                new QuorumNode(settings, disk, peers, ticksMs, listeners, fault, QuorumTurns.Drive.OWN_THREAD);
        Thread.ofPlatform().name("ottla-metadata-quorum").start(node.turns::run);
        return node;
    }

    /** The same without a thread: the caller does what is to be done, whenever something is due. */
    static QuorumNode stepped(
            QuorumSettings settings,
            LogShell disk,
            QuorumPeers peers,
            LongSupplier ticksMs,
            List<QuorumListener> listeners,
            Consumer<Throwable> fault) {
        return new QuorumNode(settings, disk, peers, ticksMs, listeners, fault, QuorumTurns.Drive.CALLER);
    }

    QuorumTurns turns() {
        return turns;
    }

    /** Who leads, as far as this node knows. */
    public Leadership leadership() {
        return shell.leadership();
    }

    /** Everything below this is known to be committed. */
    public long highWatermark() {
        return shell.highWatermark();
    }

    /** Who votes, as the end of the log has it. */
    public VoterSet voters() {
        return shell.membership().voters();
    }

    /** The level of the feature {@code kraft.version}: 0 with configured voters, 1 with voters in the log. */
    public int kRaftVersion() {
        return shell.membership().kRaftVersion();
    }

    /**
     * Writes a snapshot of all that is committed up to a batch that the listeners were told of. The records are iterated over once,
     * some at a time, on a disk thread. The stage is done when the snapshot is in place; it fails if there is one that
     * new already, or if the disk does not take it.
     */
    public CompletionStage<SnapshotId> createSnapshot(
            SnapshotId id, long lastContainedTimeMs, Iterable<List<VersionedRecord>> records) {
        CompletableFuture<SnapshotId> created = new CompletableFuture<>();
        submit(created, () -> {
            VoterHistory voters = shell.quorum().voters();
            Check.invariant(
                    id.endOffset() <= shell.highWatermark(),
                    "a snapshot holds what is committed",
                    id.endOffset(),
                    shell.highWatermark());
            if (!shell.log().snapshots().list().tailSet(id, true).isEmpty()) {
                created.completeExceptionally(new IllegalStateException("there is a snapshot as new as " + id));
                return;
            }
            List<ControlRecord> membership = new ArrayList<>();
            int kRaftVersion = voters.kRaftVersionAt(id.endOffset());
            if (kRaftVersion > 0) {
                membership.add(new ControlRecord.KRaftVersion(kRaftVersion));
                membership.add(new ControlRecord.Voters(voters.at(id.endOffset())));
            }
            // a snapshot on disk says that the log is there up to its end
            shell.log().flush();
            disk.background().soon(() -> write(id, lastContainedTimeMs, membership, records, created));
        });
        return created;
    }

    private void write(
            SnapshotId id,
            long lastContainedTimeMs,
            List<ControlRecord> membership,
            Iterable<List<VersionedRecord>> records,
            CompletableFuture<SnapshotId> created) {
        try (SnapshotWriter writer =
                shell.log().snapshots().write(id, disk.clock().millis())) {
            writer.header(lastContainedTimeMs, membership);
            records.forEach(writer::append);
            writer.finish();
        } catch (RuntimeException failure) {
            LOG.warn("Could not write the snapshot {}", id, failure);
            created.completeExceptionally(failure);
            return;
        }
        submit(created, () -> {
            shell.snapshotCreated(id);
            created.complete(id);
        });
    }

    public CompletionStage<VoteResponse> vote(int version, VoteRequest request) {
        return ask(
                number -> requests.vote(number, request),
                error -> VoteResponse.DEFAULT.withErrorCode(error.code()),
                error -> new Effect.AnswerVote(0, error, shell.leadership(), Ballot.Vote.REJECTED),
                answer -> responses.vote(version, (Effect.AnswerVote) answer));
    }

    public CompletionStage<BeginQuorumEpochResponse> beginQuorumEpoch(int version, BeginQuorumEpochRequest request) {
        return ask(
                number -> requests.leaderAnnounced(number, request),
                error -> BeginQuorumEpochResponse.DEFAULT.withErrorCode(error.code()),
                this::refusal,
                answer -> responses.announcement(version, (Effect.AnswerAnnouncement) answer));
    }

    public CompletionStage<EndQuorumEpochResponse> endQuorumEpoch(int version, EndQuorumEpochRequest request) {
        return ask(
                number -> requests.leaderResigned(number, request),
                error -> EndQuorumEpochResponse.DEFAULT.withErrorCode(error.code()),
                this::refusal,
                answer -> responses.resignation(version, (Effect.AnswerAnnouncement) answer));
    }

    /**
     * Has the quorum answer a request.
     *
     * @param refused the response to a request that is refused as a whole
     * @param partitionRefused the answer to one that is refused for its partition
     */
    private <A> CompletionStage<A> ask(
            LongFunction<Parsed> question,
            Function<ErrorCode, A> refused,
            Function<ErrorCode, Effect> partitionRefused,
            Function<Effect, A> response) {
        CompletableFuture<A> answered = new CompletableFuture<>();
        submit(answered, () -> {
            switch (question.apply(0)) {
                case Parsed.Refused no -> answered.complete(refused.apply(no.error()));
                case Parsed.PartitionRefused no ->
                    answered.complete(response.apply(partitionRefused.apply(no.error())));
                case Parsed.Accepted ignored ->
                    shell.ask(
                            number -> accepted(question.apply(number)),
                            answer -> answered.complete(response.apply(answer)));
            }
        });
        return answered;
    }

    private Effect.AnswerAnnouncement refusal(ErrorCode error) {
        return new Effect.AnswerAnnouncement(0, error, shell.leadership());
    }

    /** A fetch of the metadata log by another controller or by a broker. The answer's records are released by who sends them. */
    public CompletionStage<FetchResponse> fetch(int version, FetchRequest request) {
        CompletableFuture<FetchResponse> response = new CompletableFuture<>();
        submit(response, () -> {
            switch (requests.fetch(0, request)) {
                case Parsed.Refused refused ->
                    response.complete(
                            FetchResponse.DEFAULT.withErrorCode(refused.error().code()));
                case Parsed.PartitionRefused refused ->
                    response.complete(responses.fetch(
                            version,
                            new Effect.AnswerFetch(0, refused.error(), shell.leadership(), new Effect.Reply.Nothing()),
                            shell.log().startOffset(),
                            Payload.EMPTY));
                // the limit of the partition does not count, and replicas of Kafka's leave it at 0
                case Parsed.Accepted ignored ->
                    shell.ask(
                            number -> accepted(requests.fetch(number, request)),
                            answer -> fetched(version, (Effect.AnswerFetch) answer, request.maxBytes(), response));
            }
        });
        return response;
    }

    private void fetched(
            int version, Effect.AnswerFetch answer, int maxBytes, CompletableFuture<FetchResponse> response) {
        long startOffset = shell.log().startOffset();
        if (!(answer.reply() instanceof Effect.Reply.Records records)) {
            response.complete(responses.fetch(version, answer, startOffset, Payload.EMPTY));
            return;
        }
        int limitBytes = Math.clamp(maxBytes, 0, MetadataBatches.MAX_BATCH_BYTES);
        switch (shell.log().read(records.fromOffset(), limitBytes)) {
            case ReadResult.Batches batches ->
                response.complete(responses.fetch(version, answer, startOffset, batches.records()));
            case ReadResult.Cold cold ->
                disk.background().soon(() -> {
                    try {
                        response.complete(responses.fetch(
                                version, answer, startOffset, cold.read().run()));
                    } catch (RuntimeException failure) {
                        response.completeExceptionally(failure);
                    }
                });
            case ReadResult.OutOfRange range ->
                response.completeExceptionally(
                        new IllegalStateException("the metadata log begins at " + range.logStartOffset()));
        }
    }

    public CompletionStage<FetchSnapshotResponse> fetchSnapshot(int version, FetchSnapshotRequest request) {
        CompletableFuture<FetchSnapshotResponse> response = new CompletableFuture<>();
        submit(response, () -> {
            switch (requests.fetchSnapshot(0, request)) {
                case Parsed.Refused refused ->
                    response.complete(FetchSnapshotResponse.DEFAULT.withErrorCode(
                            refused.error().code()));
                case Parsed.PartitionRefused refused ->
                    response.complete(responses.snapshot(
                            version,
                            new Effect.AnswerSnapshot(0, refused.error(), shell.leadership(), SnapshotId.BOOTSTRAP),
                            0,
                            0,
                            Payload.EMPTY));
                case Parsed.Accepted ignored ->
                    shell.ask(
                            number -> accepted(requests.fetchSnapshot(number, request)),
                            answer ->
                                    response.complete(snapshotPart(version, request, (Effect.AnswerSnapshot) answer)));
            }
        });
        return response;
    }

    private FetchSnapshotResponse snapshotPart(
            int version, FetchSnapshotRequest request, Effect.AnswerSnapshot answer) {
        if (answer.error() != ErrorCode.NONE) {
            return responses.snapshot(version, answer, 0, 0, Payload.EMPTY);
        }
        long position = request.topics().getFirst().partitions().getFirst().position();
        long totalBytes = shell.log().snapshots().sizeBytes(answer.id());
        if (position < 0 || position >= totalBytes) {
            Effect.AnswerSnapshot refused = new Effect.AnswerSnapshot(
                    answer.request(), ErrorCode.POSITION_OUT_OF_RANGE, answer.leadership(), answer.id());
            return responses.snapshot(version, refused, 0, 0, Payload.EMPTY);
        }
        int limitBytes = Math.clamp(request.maxBytes(), 0, MetadataBatches.MAX_BATCH_BYTES);
        ByteBuffer part = shell.log().snapshots().part(answer.id(), position, limitBytes);
        return responses.snapshot(version, answer, position, totalBytes, Payload.of(part));
    }

    public CompletionStage<AddRaftVoterResponse> addVoter(AddRaftVoterRequest request) {
        return ask(
                number -> requests.addVoter(number, request),
                error -> AddRaftVoterResponse.DEFAULT
                        .withErrorCode(error.code())
                        .withErrorMessage(requests.otherCluster(request.clusterId())),
                QuorumNode::changeRefused,
                answer -> {
                    Effect.AnswerVoterChange change = (Effect.AnswerVoterChange) answer;
                    return AddRaftVoterResponse.DEFAULT
                            .withErrorCode(change.error().code())
                            .withErrorMessage(change.message().orElse(null));
                });
    }

    public CompletionStage<RemoveRaftVoterResponse> removeVoter(RemoveRaftVoterRequest request) {
        return ask(
                number -> requests.removeVoter(number, request),
                error -> RemoveRaftVoterResponse.DEFAULT
                        .withErrorCode(error.code())
                        .withErrorMessage(requests.otherCluster(request.clusterId())),
                QuorumNode::changeRefused,
                answer -> {
                    Effect.AnswerVoterChange change = (Effect.AnswerVoterChange) answer;
                    return RemoveRaftVoterResponse.DEFAULT
                            .withErrorCode(change.error().code())
                            .withErrorMessage(change.message().orElse(null));
                });
    }

    private static Effect.AnswerVoterChange changeRefused(ErrorCode error) {
        return new Effect.AnswerVoterChange(0, error, Optional.empty());
    }

    public CompletionStage<UpdateRaftVoterResponse> updateVoter(UpdateRaftVoterRequest request) {
        return ask(
                number -> requests.updateVoter(number, request),
                error -> responses.voterUpdate(new Effect.AnswerVoterUpdate(0, error, shell.leadership())),
                error -> new Effect.AnswerVoterUpdate(0, error, shell.leadership()),
                answer -> responses.voterUpdate((Effect.AnswerVoterUpdate) answer));
    }

    /** How a change of {@code kraft.version} ended; the message says why, if it did not begin. */
    public record Upgraded(ErrorCode error, Optional<String> message) {}

    /**
     * Raises the feature {@code kraft.version}, if this node leads in {@code epoch}. What is answered is not committed yet; records that
     * are appended from then on stand behind it.
     */
    public CompletionStage<Upgraded> upgradeKRaftVersion(int epoch, int version, Input.Upgrade upgrade) {
        return ask(
                number -> new Parsed.Accepted(new Input.KRaftVersionAsked(number, epoch, version, upgrade)),
                error -> new Upgraded(error, Optional.empty()),
                error -> new Effect.AnswerKRaftVersion(0, error, Optional.empty()),
                answer -> {
                    Effect.AnswerKRaftVersion upgraded = (Effect.AnswerKRaftVersion) answer;
                    return new Upgraded(upgraded.error(), upgraded.message());
                });
    }

    public CompletionStage<DescribeQuorumResponse> describeQuorum(int version, DescribeQuorumRequest request) {
        CompletableFuture<DescribeQuorumResponse> response = new CompletableFuture<>();
        submit(response, () -> response.complete(describe(version, request)));
        return response;
    }

    private DescribeQuorumResponse describe(int version, DescribeQuorumRequest request) {
        if (!QuorumResponses.asksForMetadata(request)) {
            return QuorumResponses.describeRefused(
                    request, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic-partition.");
        }
        @Nullable QuorumStatus status = shell.quorum().status().orElse(null);
        if (status == null) {
            return QuorumResponses.describeRefused(
                    request,
                    ErrorCode.NOT_LEADER_OR_FOLLOWER,
                    "For requests intended only for the leader, this error indicates that the broker is not the current"
                            + " leader. For requests intended for any replica, this error indicates that the broker is"
                            + " not a replica of the topic partition.");
        }
        VoterSet voters = shell.quorum().voters().latest();
        long sinceEpochMs = disk.clock().millis() - ticksMs.getAsLong();
        return responses.describe(version, shell.leadership(), status, voters, sinceEpochMs);
    }

    private static Input accepted(Parsed parsed) {
        return ((Parsed.Accepted) parsed).input();
    }

    private void send(Effect.Send send) {
        peers.send(send.peer(), outgoing.request(send.message()))
                .whenComplete((response, failure) -> turns.add(() -> {
                    if (response != null) {
                        QuorumOutgoing.Answered answered = outgoing.answer(send.send(), response);
                        shell.answered(answered.input(), answered.records());
                    } else {
                        LOG.debug("No answer of {} to {}", send.peer(), send.message(), failure);
                        shell.step(unanswered(send, failure));
                    }
                }));
    }

    private static Input unanswered(Effect.Send send, Throwable failure) {
        if (failure instanceof UnsupportedField) {
            if (send.message() instanceof Outgoing.Vote) {
                return QuorumOutgoing.voteUnsupported(send.send());
            }
            if (send.message() instanceof Outgoing.UpdateVoter) {
                return QuorumOutgoing.voterUpdateUnsupported(send.send());
            }
        }
        return failure instanceof PeerFailure peer && peer.reason() == PeerFailure.Reason.REFUSED
                ? new Input.SendRefused(send.send())
                : new Input.SendFailed(send.send());
    }

    /** Runs a task on the owner's thread, unless that has ended: then the stage fails. */
    private void submit(CompletableFuture<?> stage, Runnable task) {
        turns.submit(
                task,
                () -> stage.completeExceptionally(new IllegalStateException("the metadata quorum's node has stopped")));
    }

    /** Resigns if this node leads, tells the others, and closes the log. Returns when that is done. */
    @Override
    public void close() {
        turns.close();
    }
}
