package ottla.coordinator.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DeleteGroupsRequest;
import org.apache.kafka.common.requests.OffsetCommitRequest;
import org.apache.kafka.common.requests.RequestContext;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.coordinator.common.runtime.CoordinatorExecutor;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetadataImage;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorTimer;
import org.apache.kafka.coordinator.group.GroupConfigManager;
import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;
import org.apache.kafka.coordinator.group.GroupCoordinatorShard;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;
import org.apache.kafka.timeline.SnapshotRegistry;

/**
 * Kafka's own group coordinator shard on the test's thread and clock, with as much of Kafka's runtime around it as it needs: a
 * write commits at once or fails at once, and timers fire when the test says so.
 */
final class KafkaShard {
    private final List<CoordinatorRecord> records = new ArrayList<>();
    private final Timers timers = new Timers();
    private final SnapshotRegistry snapshots = new SnapshotRegistry(new LogContext());
    private final GroupCoordinatorShard shard;
    private long nowMs;
    private long endOffset;

    private Next next = Next.SUCCEEDS;

    private Trust trust = Trust.KEPT;

    /** Whether a defect of Kafka's own has spoilt its state, so that nothing can be compared with it any more. */
    enum Trust {
        KEPT,
        LOST
    }

    Trust trust() {
        return trust;
    }

    /** How the next write ends. */
    enum Next {
        SUCCEEDS,
        FAILS
    }

    KafkaShard(long nowMs, Map<String, Object> overrides) {
        this(nowMs, overrides, List.of());
    }

    /** A shard that has read these records, as another node would after a move. */
    KafkaShard(long nowMs, Map<String, Object> overrides, List<CoordinatorRecord> log) {
        this.nowMs = nowMs;
        ConfigDef keys = new ConfigDef(GroupCoordinatorConfig.CONFIG_DEF);
        ShareGroupConfig.CONFIG_DEF.configKeys().values().forEach(keys::define);
        AbstractConfig all = new AbstractConfig(keys, overrides, false);
        GroupCoordinatorConfig config = new GroupCoordinatorConfig(all);
        ShareGroupConfig shareConfig = new ShareGroupConfig(all);
        GroupCoordinatorShard.Builder builder =
                new GroupCoordinatorShard.Builder(config, new GroupConfigManager(Map.of(), config, shareConfig));
        builder.withLogContext(new LogContext());
        builder.withTime(new Clock());
        builder.withTimer(timers);
        builder.withExecutor(new NoExecutor());
        builder.withSnapshotRegistry(snapshots);
        builder.withCoordinatorMetrics(new GroupCoordinatorMetrics());
        builder.withTopicPartition(new TopicPartition("__consumer_offsets", 0));
        builder.withAuthorizerPlugin(Optional.empty());
        shard = builder.build();
        for (CoordinatorRecord record : log) {
            shard.replay(endOffset++, -1, (short) -1, record);
            records.add(record);
        }
        shard.onLoaded(CoordinatorMetadataImage.EMPTY);
        snapshots.idempotentCreateSnapshot(endOffset);
    }

    /** The partition moves away. */
    void unload() {
        shard.onUnloaded();
    }

    /** Whether the next request's write, if it writes at all, finds too few replicas in sync. */
    void setNext(Next how) {
        next = how;
    }

    /** What was written so far. */
    List<CoordinatorRecord> records() {
        return records;
    }

    void pass(long ms) {
        long endMs = nowMs + ms;
        for (Optional<Timers.Timer> due = timers.nextBy(endMs); due.isPresent(); due = timers.nextBy(endMs)) {
            nowMs = Math.max(nowMs, due.get().deadlineMs);
            timers.byKey.remove(due.get().key);
            fire(due.get());
        }
        nowMs = endMs;
    }

    private void fire(Timers.Timer timer) {
        try {
            write(timer.operation.generateRecords());
        } catch (ApiException failure) {
            assertThat(next).isEqualTo(Next.FAILS);
        } catch (IllegalStateException defect) {
            // The timer of a group that was taken back meets its successor, and counts its generation up.
            assertThat(timer.key).startsWith("join-");
            trust = Trust.LOST;
        }
    }

    CompletableFuture<JoinGroupResponseData> join(int version, String clientId, JoinGroupRequestData request) {
        CompletableFuture<JoinGroupResponseData> answer = new CompletableFuture<>();
        try {
            write(shard.classicGroupJoin(context(ApiKeys.JOIN_GROUP, version, clientId), request, answer));
        } catch (RuntimeException failure) {
            answer.complete(new JoinGroupResponseData()
                    .setErrorCode(Errors.forException(failure).code()));
        }
        return answer;
    }

    CompletableFuture<SyncGroupResponseData> sync(int version, SyncGroupRequestData request) {
        CompletableFuture<SyncGroupResponseData> answer = new CompletableFuture<>();
        try {
            write(shard.classicGroupSync(context(ApiKeys.SYNC_GROUP, version, "c"), request, answer));
        } catch (ApiException failure) {
            answer.complete(new SyncGroupResponseData()
                    .setErrorCode(Errors.forException(failure).code()));
        }
        return answer;
    }

    HeartbeatResponseData heartbeat(int version, HeartbeatRequestData request) {
        return orError(
                () -> write(shard.classicGroupHeartbeat(context(ApiKeys.HEARTBEAT, version, "c"), request)),
                error -> new HeartbeatResponseData().setErrorCode(error.code()));
    }

    LeaveGroupResponseData leave(int version, LeaveGroupRequestData request) {
        return orError(
                () -> write(shard.classicGroupLeave(context(ApiKeys.LEAVE_GROUP, version, "c"), request)),
                error -> error == Errors.UNKNOWN_MEMBER_ID
                        ? new LeaveGroupResponseData()
                                .setMembers(request.members().stream()
                                        .map(one -> new LeaveGroupResponseData.MemberResponse()
                                                .setMemberId(one.memberId())
                                                .setGroupInstanceId(one.groupInstanceId())
                                                .setErrorCode(error.code()))
                                        .toList())
                        : new LeaveGroupResponseData().setErrorCode(error.code()));
    }

    OffsetCommitResponseData commit(int version, OffsetCommitRequestData request) {
        return orError(
                () -> write(shard.commitOffset(context(ApiKeys.OFFSET_COMMIT, version, "c"), request)),
                error -> OffsetCommitRequest.getErrorResponse(request, error));
    }

    OffsetDeleteResponseData deleteOffsets(OffsetDeleteRequestData request) {
        return orError(
                () -> write(shard.deleteOffsets(context(ApiKeys.OFFSET_DELETE, 0, "c"), request)),
                error -> new OffsetDeleteResponseData().setErrorCode(error.code()));
    }

    OffsetFetchResponseGroup fetch(OffsetFetchRequestGroup request) {
        return shard.fetchOffsets(request, SnapshotRegistry.LATEST_EPOCH);
    }

    DeleteGroupsResponseData.DeletableGroupResultCollection deleteGroups(List<String> groupIds) {
        return orError(
                () -> write(shard.deleteGroups(context(ApiKeys.DELETE_GROUPS, 2, "c"), groupIds)),
                error -> DeleteGroupsRequest.getErrorResultCollection(groupIds, error));
    }

    List<ListGroupsResponseData.ListedGroup> list() {
        return shard.listGroups(List.of(), List.of(), SnapshotRegistry.LATEST_EPOCH);
    }

    List<DescribeGroupsResponseData.DescribedGroup> describe(int version, List<String> groupIds) {
        return shard.describeGroups(
                context(ApiKeys.DESCRIBE_GROUPS, version, "c"), groupIds, SnapshotRegistry.LATEST_EPOCH);
    }

    private static <A> A orError(Supplier<A> step, Function<Errors, A> refusal) {
        try {
            return step.get();
        } catch (ApiException failure) {
            return refusal.apply(Errors.forException(failure));
        }
    }

    private <A> A write(CoordinatorResult<A, CoordinatorRecord> result) {
        if (next == Next.FAILS && !result.records().isEmpty()) {
            snapshots.revertToSnapshot(endOffset);
            ApiException failure = Errors.NOT_ENOUGH_REPLICAS.exception();
            if (result.appendFuture() != null) {
                result.appendFuture().completeExceptionally(failure);
            }
            // What Kafka's service makes of it for the client.
            throw Errors.COORDINATOR_NOT_AVAILABLE.exception();
        }
        for (CoordinatorRecord record : result.records()) {
            if (result.replayRecords()) {
                shard.replay(endOffset, -1, (short) -1, record);
            }
            endOffset++;
            records.add(record);
        }
        snapshots.idempotentCreateSnapshot(endOffset);
        snapshots.deleteSnapshotsUpTo(endOffset);
        if (result.appendFuture() != null) {
            result.appendFuture().complete(null);
        }
        return result.response();
    }

    private static RequestContext context(ApiKeys api, int version, String clientId) {
        return new RequestContext(
                new RequestHeader(api, (short) version, clientId, 1),
                "1",
                InetAddress.getLoopbackAddress(),
                KafkaPrincipal.ANONYMOUS,
                ListenerName.forSecurityProtocol(SecurityProtocol.PLAINTEXT),
                SecurityProtocol.PLAINTEXT,
                ClientInformation.EMPTY,
                false);
    }

    /** What the address of {@link #context} looks like as a client host. */
    static String clientHost() {
        return InetAddress.getLoopbackAddress().toString();
    }

    private final class Clock implements Time {
        @Override
        public long milliseconds() {
            return nowMs;
        }

        @Override
        public long nanoseconds() {
            return nowMs * 1_000_000;
        }

        @Override
        public void sleep(long ms) {
            throw new UnsupportedOperationException("nobody sleeps here");
        }

        @Override
        public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {
            throw new UnsupportedOperationException("nobody waits here");
        }
    }

    private final class Timers implements CoordinatorTimer<CoordinatorRecord> {
        private final Map<String, Timer> byKey = new HashMap<>();

        private record Timer(String key, long deadlineMs, TimeoutOperation<CoordinatorRecord> operation) {}

        /** The gauges that Kafka counts by timer are none of our business. */
        Optional<Timer> nextBy(long endMs) {
            return byKey.values().stream()
                    .filter(timer -> timer.deadlineMs <= endMs)
                    .min((one, other) -> Long.compare(one.deadlineMs, other.deadlineMs));
        }

        @Override
        public void schedule(
                String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<CoordinatorRecord> operation) {
            byKey.put(key, new Timer(key, nowMs + unit.toMillis(delay), operation));
        }

        @Override
        public void schedule(
                String key,
                long delay,
                TimeUnit unit,
                boolean retry,
                long retryBackoff,
                TimeoutOperation<CoordinatorRecord> operation) {
            schedule(key, delay, unit, retry, operation);
        }

        @Override
        public void scheduleIfAbsent(
                String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<CoordinatorRecord> operation) {
            if (!byKey.containsKey(key)) {
                schedule(key, delay, unit, retry, operation);
            }
        }

        @Override
        public void cancel(String key) {
            byKey.remove(key);
        }

        @Override
        public boolean isScheduled(String key) {
            return byKey.containsKey(key);
        }
    }

    private static final class NoExecutor implements CoordinatorExecutor<CoordinatorRecord> {
        @Override
        public <R> boolean schedule(String key, TaskRunnable<R> task, TaskOperation<CoordinatorRecord, R> operation) {
            return true;
        }

        @Override
        public boolean isScheduled(String key) {
            return false;
        }

        @Override
        public void cancel(String key) {}
    }
}
