package ottla.replication.io;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.log.io.DiskFailure;
import ottla.replication.io.ReplicaFollowing.Taken;
import ottla.replication.partition.Following;
import ottla.replication.partition.Following.Standing;
import ottla.replication.partition.Following.Step;
import ottla.replication.session.FetchedPartition;
import ottla.replication.session.FetcherSession;
import ottla.wire.io.Loop;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchRequest.ReplicaState;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.FetchResponse.FetchableTopicResponse;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.message.ListOffsetsRequest;
import ottla.wire.message.ListOffsetsRequest.ListOffsetsPartition;
import ottla.wire.message.ListOffsetsRequest.ListOffsetsTopic;
import ottla.wire.message.ListOffsetsResponse;
import ottla.wire.message.ListOffsetsResponse.ListOffsetsPartitionResponse;
import ottla.wire.message.Response;
import ottla.wire.primitive.Payload;

/**
 * Gets the logs of some followers from one leader: one connection, one session, one request at a time for all of them. A partition
 * that has to wait for its disk, for an answer of its own, or for better times is left out of the requests meanwhile, and holds up no
 * other.
 *
 * <p>Everything belongs to one loop; {@link #follow}, {@link #leave} and {@link #close} may be called from any thread. Records are
 * appended on the loop, as those of producers are; what has to wait for a disk is done on a disk thread.
 */
final class Fetcher {
    private static final Logger LOG = LoggerFactory.getLogger(Fetcher.class);

    /** After a connection that could not be made, longer each time. */
    private static final long PAUSE_MIN_MS = 20;

    private static final long UNKNOWN = Long.MAX_VALUE;

    private final Leader leader;
    private final Fetchers.Settings settings;
    private final ReplicaShell shell;
    private final Loop loop;
    private final FetcherSession session = new FetcherSession();
    private final Map<FetchedPartition, Follower> followers = new HashMap<>();
    private Stage stage = Stage.IDLE;
    private long pauseMs = PAUSE_MIN_MS;

    /** Who is left out until the limit of throttled followers allows more. */
    private final Set<Follower> heldBack = new LinkedHashSet<>();

    /** The leader's side: who it is, and the way to it. */
    interface Leader {
        int id();

        /** The way to where the leader answers now. */
        LeaderLink link();

        /** The epoch of this broker's registration, -1 if it is not known (KIP-903). */
        long brokerEpoch();
    }

    private enum Stage {
        IDLE,
        ASKING,
        PAUSING,
        CLOSED
    }

    /** One partition. */
    private static final class Follower {
        final FetchedPartition key;
        final Replica replica;
        final Following machine;

        /** What was asked for in the request that is under way, or answered last. */
        @Nullable
        FetchPartition asked;

        /** As the leader last told it, in an answer that was taken. */
        long leaderHighWatermark = UNKNOWN;

        Follower(FetchedPartition key, Replica replica, Following machine) {
            this.key = key;
            this.replica = replica;
            this.machine = machine;
        }

        int leaderEpoch() {
            return machine.leaderEpoch();
        }

        /** Whether a fetch from there would still be behind what is committed, for all that is known. */
        boolean lags(FetchPartition wanted) {
            return wanted.fetchOffset() < leaderHighWatermark;
        }
    }

    Fetcher(Leader leader, Fetchers.Settings settings, ReplicaShell shell, Loop loop) {
        this.leader = leader;
        this.settings = settings;
        this.shell = shell;
        this.loop = loop;
    }

    /** Begins to follow in a leader epoch, or goes on in a later one. */
    void follow(Replica replica, int leaderEpoch) {
        loop.execute(() -> {
            if (stage == Stage.CLOSED) {
                return;
            }
            FetchedPartition key = key(replica);
            Follower known = followers.get(key);
            if (known != null && known.replica == replica && known.leaderEpoch() >= leaderEpoch) {
                return;
            }
            session.forget(key);
            Follower follower = new Follower(key, replica, new Following(leaderEpoch, settings.backoffMs()));
            followers.put(key, follower);
            step(follower);
            turn();
        });
    }

    /** Leaves a partition that another leads now, or nobody. */
    void leave(Replica replica) {
        loop.execute(() -> {
            Follower known = followers.get(key(replica));
            if (known != null && known.replica == replica) {
                drop(known);
            }
        });
    }

    void close() {
        loop.execute(() -> {
            stage = Stage.CLOSED;
            followers.clear();
        });
    }

    static FetchedPartition key(Replica replica) {
        return new FetchedPartition(replica.topicId(), replica.name().partition());
    }

    private void drop(Follower follower) {
        followers.remove(follower.key, follower);
        session.forget(follower.key);
    }

    // ---- one partition

    /** Does what is next for a partition, or sees to it that the next request asks for it. */
    private void step(Follower follower) {
        if (followers.get(follower.key) != follower) {
            return;
        }
        Optional<Standing> standing = follower.replica.standing(follower.leaderEpoch());
        if (standing.isEmpty()) {
            drop(follower);
            return;
        }
        Step next = follower.machine.next(standing.get());
        if (next instanceof Step.Fetch fetch) {
            session.want(follower.key, asked(follower, fetch));
            return;
        }
        session.forget(follower.key);
        switch (next) {
            case Step.Fetch fetch -> {}
            case Step.Secure secure ->
                shell.flushThreads().execute(() -> {
                    follower.replica.flush();
                    loop.execute(() -> resume(follower, follower.machine::done));
                });
            case Step.Cut(long endOffset) -> {
                LOG.info(
                        "{} is cut at offset {}: broker {} has another history from there on",
                        follower.replica,
                        endOffset,
                        leader.id());
                onDisk(follower, () -> follower.replica.cut(follower.leaderEpoch(), endOffset));
            }
            case Step.BeginAt(long offset) -> {
                LOG.info(
                        "{} begins anew at offset {}: broker {} has nothing that would follow what is here",
                        follower.replica,
                        offset,
                        leader.id());
                onDisk(follower, () -> follower.replica.beginAt(follower.leaderEpoch(), offset));
            }
            case Step.AskEnd ask -> askOffset(follower, ListOffset.LATEST);
            case Step.AskStart ask -> askOffset(follower, ListOffset.EARLIEST);
            case Step.Pause(long waitMs) -> {
                var unused = loop.schedule(() -> resume(follower, follower.machine::paused), waitMs);
            }
        }
    }

    private FetchPartition asked(Follower follower, Step.Fetch fetch) {
        return FetchPartition.DEFAULT
                .withPartition(follower.key.partition())
                .withCurrentLeaderEpoch(follower.leaderEpoch())
                .withFetchOffset(fetch.offset())
                .withLastFetchedEpoch(fetch.lastFetchedEpoch())
                .withLogStartOffset(fetch.startOffset())
                .withPartitionMaxBytes(settings.partitionMaxBytes());
    }

    private void resume(Follower follower, Runnable news) {
        news.run();
        step(follower);
        turn();
    }

    private void onDisk(Follower follower, Runnable deed) {
        shell.diskThreads().execute(() -> {
            ErrorCode error = ErrorCode.NONE;
            try {
                deed.run();
            } catch (DiskFailure full) {
                error = ErrorCode.KAFKA_STORAGE_ERROR;
            }
            ErrorCode outcome = error;
            loop.execute(() -> resume(follower, () -> {
                if (outcome == ErrorCode.NONE) {
                    follower.machine.done();
                } else {
                    follower.machine.failed(outcome);
                }
            }));
        });
    }

    private enum ListOffset {
        LATEST(-1),
        EARLIEST(-2);

        final long timestamp;

        ListOffset(long timestamp) {
            this.timestamp = timestamp;
        }
    }

    private void askOffset(Follower follower, ListOffset which) {
        ListOffsetsPartition partition = ListOffsetsPartition.DEFAULT
                .withPartitionIndex(follower.key.partition())
                .withCurrentLeaderEpoch(follower.leaderEpoch())
                .withTimestamp(which.timestamp);
        ListOffsetsRequest request = ListOffsetsRequest.DEFAULT
                .withReplicaId(shell.brokerId())
                .withTopics(List.of(new ListOffsetsTopic(follower.replica.name().topic(), List.of(partition))));
        leader.link()
                .send(request, settings.requestTimeoutMs())
                .whenComplete((response, failure) ->
                        loop.execute(() -> resume(follower, () -> offsetTold(follower, which, response, failure))));
    }

    private static void offsetTold(
            Follower follower, ListOffset which, @Nullable Response response, @Nullable Throwable failure) {
        if (failure != null || !(response instanceof ListOffsetsResponse told)) {
            follower.machine.failed(ErrorCode.NETWORK_EXCEPTION);
            return;
        }
        ListOffsetsPartitionResponse found =
                told.topics().getFirst().partitions().getFirst();
        ErrorCode error = ErrorCode.of(found.errorCode());
        Optional<Standing> standing = follower.replica.standing(follower.leaderEpoch());
        if (error != ErrorCode.NONE || standing.isEmpty()) {
            follower.machine.failed(error);
        } else if (which == ListOffset.LATEST) {
            follower.machine.leaderEndsAt(found.offset(), standing.get());
        } else {
            follower.machine.leaderBeginsAt(found.offset(), standing.get());
        }
    }

    // ---- all partitions

    /** Sends the next request, if none is under way and there is something to ask for. */
    private void turn() {
        if (stage != Stage.IDLE) {
            return;
        }
        holdBack();
        if (session.isEmpty()) {
            return;
        }
        stage = Stage.ASKING;
        followers
                .values()
                .forEach(follower ->
                        follower.asked = session.wanted(follower.key).orElse(null));
        FetchRequest request = session.next(FetchRequest.DEFAULT
                .withReplicaState(new ReplicaState(shell.brokerId(), leader.brokerEpoch()))
                .withMaxWaitMs(settings.waitMaxMs())
                .withMinBytes(settings.minBytes())
                .withMaxBytes(settings.responseMaxBytes()));
        leader.link()
                .send(request, settings.requestTimeoutMs())
                .whenComplete((response, failure) -> loop.execute(() -> {
                    if (response instanceof FetchResponse fetched) {
                        answered(fetched);
                    } else {
                        lost(failure);
                    }
                }));
    }

    /** Leaves out those who are throttled, as long as their limit is exceeded; but nobody who has all that is committed. */
    private void holdBack() {
        long limitPauseMs = shell.throttles().follower().pauseMs();
        if (limitPauseMs == 0) {
            return;
        }
        boolean waiting = !heldBack.isEmpty();
        for (Follower follower : followers.values()) {
            if (follower.replica.throttling().asFollower()) {
                session.wanted(follower.key).filter(follower::lags).ifPresent(lagging -> {
                    session.forget(follower.key);
                    heldBack.add(follower);
                });
            }
        }
        if (!waiting && !heldBack.isEmpty()) {
            var unused = loop.schedule(this::letGo, limitPauseMs);
        }
    }

    private void letGo() {
        List<Follower> released = List.copyOf(heldBack);
        heldBack.clear();
        if (stage != Stage.CLOSED) {
            released.forEach(this::step);
            turn();
        }
    }

    private void lost(@Nullable Throwable failure) {
        session.lost();
        if (stage == Stage.CLOSED) {
            return;
        }
        if (pauseMs == PAUSE_MIN_MS) {
            LOG.warn("Broker {} did not answer a fetch: {}; trying again", leader.id(), String.valueOf(failure));
        }
        pause(pauseMs);
        pauseMs = Math.min(settings.backoffMs(), 2 * pauseMs);
    }

    private void pause(long waitMs) {
        stage = Stage.PAUSING;
        var unused = loop.schedule(
                () -> {
                    if (stage == Stage.PAUSING) {
                        stage = Stage.IDLE;
                        turn();
                    }
                },
                waitMs);
    }

    private void answered(FetchResponse response) {
        session.answered(response);
        ErrorCode error = ErrorCode.of(response.errorCode());
        boolean closed = stage == Stage.CLOSED;
        for (FetchableTopicResponse topic : response.responses()) {
            for (PartitionData data : topic.partitions()) {
                Follower follower = followers.get(new FetchedPartition(topic.topicId(), data.partitionIndex()));
                if (follower != null && !closed) {
                    take(follower, data);
                }
                Payload records = data.records();
                if (records != null) {
                    records.release();
                }
            }
        }
        if (closed) {
            return;
        }
        boolean ofSession = error == ErrorCode.FETCH_SESSION_ID_NOT_FOUND
                || error == ErrorCode.INVALID_FETCH_SESSION_EPOCH
                || error == ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR;
        if (error == ErrorCode.NONE || ofSession) {
            stage = Stage.IDLE;
            pauseMs = PAUSE_MIN_MS;
            turn();
        } else {
            LOG.warn("Broker {} refused a fetch: {}", leader.id(), error);
            pause(settings.backoffMs());
        }
    }

    private void take(Follower follower, PartitionData data) {
        FetchPartition asked = follower.asked;
        if (asked == null || asked.currentLeaderEpoch() != follower.leaderEpoch()) {
            return;
        }
        Following machine = follower.machine;
        ErrorCode error = ErrorCode.of(data.errorCode());
        if (error == ErrorCode.OFFSET_OUT_OF_RANGE) {
            machine.outOfRange();
        } else if (error != ErrorCode.NONE) {
            LOG.debug("Broker {} refused a fetch of {}: {}", leader.id(), follower.replica, error);
            machine.failed(error);
        } else {
            switch (follower.replica.take(follower.leaderEpoch(), asked.fetchOffset(), data)) {
                case Taken.Appended appended -> {
                    count(follower, data);
                    machine.done();
                }
                case Taken.Diverged(long commonEndOffset) -> machine.diverged(commonEndOffset);
                case Taken.Gap(long firstOffset) -> machine.gap(firstOffset);
                case Taken.Refused(ErrorCode reason, String message) -> {
                    // a full disk has been told of, once for all of its logs
                    if (reason != ErrorCode.KAFKA_STORAGE_ERROR) {
                        LOG.error(
                                "{} cannot take what broker {} sent at offset {}: {}",
                                follower.replica,
                                leader.id(),
                                asked.fetchOffset(),
                                message);
                    }
                    machine.failed(reason);
                }
                case Taken.Outdated outdated -> {}
            }
        }
        step(follower);
    }

    private void count(Follower follower, PartitionData data) {
        follower.leaderHighWatermark = data.highWatermark();
        Payload records = data.records();
        if (records != null
                && records.sizeBytes() > 0
                && follower.replica.throttling().asFollower()) {
            shell.throttles().follower().spend(records.sizeBytes());
        }
    }
}
