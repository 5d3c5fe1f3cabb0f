package ottla.broker.io;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.wire.message.FindCoordinatorRequest;
import ottla.wire.message.FindCoordinatorResponse;
import ottla.wire.message.JoinGroupRequest;
import ottla.wire.message.JoinGroupRequest.JoinGroupRequestProtocol;
import ottla.wire.message.JoinGroupResponse;
import ottla.wire.message.OffsetCommitRequest;
import ottla.wire.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import ottla.wire.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import ottla.wire.message.OffsetCommitResponse;
import ottla.wire.message.OffsetFetchRequest;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import ottla.wire.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import ottla.wire.message.OffsetFetchResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.message.SyncGroupRequest;
import ottla.wire.message.SyncGroupRequest.SyncGroupRequestAssignment;
import ottla.wire.message.SyncGroupResponse;

/**
 * A member of a classic group that commits one offset after the other for a partition of its own. Whenever it has joined, it asks
 * for what is committed: that is never less than what it was last told to be.
 */
final class SimulatedMember {
    private static final String GROUP = "group";
    private static final int SESSION_MS = 3_000;
    private static final int REBALANCE_MS = 2_000;
    private static final long TIMEOUT_MS = 3_000;
    private static final long PAUSE_US = 100_000;

    /** The coordinator is elsewhere, or not ready. */
    private static final Set<ErrorCode> MOVED = EnumSet.of(
            ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);

    /** The group goes on without this member, or has begun a new generation. */
    private static final Set<ErrorCode> LEFT_BEHIND =
            EnumSet.of(ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION, ErrorCode.REBALANCE_IN_PROGRESS);

    private final SimulatedClient client;
    private final SimulatedMetadata metadata;
    private final int partition;
    private int coordinator;
    private String memberId = "";
    private int generation = -1;
    private long attempted;
    private long acknowledged;
    private boolean ending;
    private boolean done;

    SimulatedMember(SimulatedClient client, SimulatedMetadata metadata, int partition) {
        this.client = client;
        this.metadata = metadata;
        this.partition = partition;
    }

    void start() {
        if (metadata.topicId().equals(Uuid.ZERO)) {
            metadata.refresh(this::start);
        } else {
            find();
        }
    }

    /** Commits nothing new any more. */
    void end() {
        ending = true;
    }

    /** Whether what it last committed was found there once more after that. */
    boolean isDone() {
        return done;
    }

    private void find() {
        FindCoordinatorRequest request = new FindCoordinatorRequest("", (byte) 0, List.of(GROUP));
        client.ask(client.someBroker(), request, TIMEOUT_MS, response -> {
            if (response instanceof FindCoordinatorResponse found
                    && found.coordinators().getFirst().errorCode() == 0) {
                coordinator = found.coordinators().getFirst().nodeId();
                join();
            } else {
                again(this::find);
            }
        });
    }

    private void again(Runnable step) {
        client.after(PAUSE_US + client.random().nextLong(PAUSE_US), step);
    }

    private void ask(Request request, long timeoutMs, Consumer<Response> next) {
        client.ask(SimulatedNode.address(coordinator), request, timeoutMs, response -> take(response, next));
    }

    private void take(@Nullable Response response, Consumer<Response> next) {
        if (response == null) {
            again(this::find);
        } else {
            next.accept(response);
        }
    }

    /** Goes on where an error leads to. */
    private void refused(ErrorCode error) {
        if (MOVED.contains(error)) {
            again(this::find);
        } else if (LEFT_BEHIND.contains(error)) {
            if (error == ErrorCode.UNKNOWN_MEMBER_ID) {
                memberId = "";
            }
            again(this::join);
        } else if (error == ErrorCode.REQUEST_TIMED_OUT) {
            again(this::find);
        } else {
            throw new AssertionError("member " + partition + " of a group was told " + error);
        }
    }

    private void join() {
        List<JoinGroupRequestProtocol> protocols =
                List.of(new JoinGroupRequestProtocol("range", ByteBuffer.allocate(0)));
        JoinGroupRequest request =
                new JoinGroupRequest(GROUP, SESSION_MS, REBALANCE_MS, memberId, null, "consumer", protocols, null);
        ask(request, REBALANCE_MS + TIMEOUT_MS, response -> {
            JoinGroupResponse joined = (JoinGroupResponse) response;
            ErrorCode error = ErrorCode.of(joined.errorCode());
            if (error == ErrorCode.MEMBER_ID_REQUIRED) {
                memberId = joined.memberId();
                join();
            } else if (error != ErrorCode.NONE) {
                refused(error);
            } else {
                memberId = joined.memberId();
                generation = joined.generationId();
                synchronize(joined);
            }
        });
    }

    private void synchronize(JoinGroupResponse joined) {
        List<SyncGroupRequestAssignment> assignments = joined.members().stream()
                .map(member -> new SyncGroupRequestAssignment(member.memberId(), ByteBuffer.allocate(0)))
                .toList();
        SyncGroupRequest request =
                new SyncGroupRequest(GROUP, generation, memberId, null, "consumer", "range", assignments);
        ask(request, REBALANCE_MS + TIMEOUT_MS, response -> {
            ErrorCode error = ErrorCode.of(((SyncGroupResponse) response).errorCode());
            if (error == ErrorCode.NONE) {
                fetch();
            } else {
                refused(error);
            }
        });
    }

    private void fetch() {
        OffsetFetchRequest request = new OffsetFetchRequest(
                "",
                null,
                List.of(new OffsetFetchRequestGroup(
                        GROUP,
                        null,
                        -1,
                        List.of(new OffsetFetchRequestTopics(
                                metadata.topic(), metadata.topicId(), List.of(partition))))),
                true);
        ask(request, TIMEOUT_MS, response -> {
            var group = ((OffsetFetchResponse) response).groups().getFirst();
            ErrorCode error = ErrorCode.of(group.errorCode());
            if (error != ErrorCode.NONE) {
                refused(error);
                return;
            }
            found(group.topics().getFirst().partitions().getFirst().committedOffset());
        });
    }

    private void found(long committed) {
        long offset = Math.max(0, committed);
        if (offset < acknowledged || offset > attempted) {
            throw new AssertionError("member " + partition + " of a group had " + acknowledged + " committed for sure, "
                    + attempted + " at most, and finds " + offset);
        }
        acknowledged = offset;
        attempted = offset;
        if (ending) {
            done = true;
        } else {
            again(this::commit);
        }
    }

    private void commit() {
        attempted++;
        OffsetCommitRequest request = new OffsetCommitRequest(
                GROUP,
                generation,
                memberId,
                null,
                -1,
                List.of(new OffsetCommitRequestTopic(
                        metadata.topic(),
                        metadata.topicId(),
                        List.of(new OffsetCommitRequestPartition(partition, attempted, -1, null)))));
        ask(request, TIMEOUT_MS, response -> {
            ErrorCode error = ErrorCode.of(((OffsetCommitResponse) response)
                    .topics()
                    .getFirst()
                    .partitions()
                    .getFirst()
                    .errorCode());
            if (error != ErrorCode.NONE) {
                refused(error);
                return;
            }
            acknowledged = attempted;
            again(ending || client.random().nextInt(8) == 0 ? this::fetch : this::commit);
        });
    }
}
