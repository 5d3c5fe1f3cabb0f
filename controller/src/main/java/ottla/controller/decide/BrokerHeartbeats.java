package ottla.controller.decide;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.TopicImage;
import ottla.replication.machine.Decision;
import ottla.wire.message.BrokerHeartbeatRequest;
import ottla.wire.message.BrokerHeartbeatResponse;
import ottla.wire.message.metadata.BrokerRegistrationChangeRecord;
import ottla.wire.message.metadata.MetadataRecord;

/**
 * A broker's life between registration and the end, driven by its heartbeats:
 *
 * <pre>
 *              caught up                wants to stop, leads something
 *    FENCED ------------- UNFENCED ----------------------------------> IN CONTROLLED SHUTDOWN
 *      |  ^---------------/      \                                              |
 *      |   silent or wants it     \ wants to stop, leads nothing                | leads nothing, and everybody
 *      |                           \                                            | has learnt who leads instead
 *      +-------------------------------------------> MAY STOP <-----------------+
 *              wants to stop
 * </pre>
 */
public final class BrokerHeartbeats {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerHeartbeats.class);
    private static final byte FENCE = 1;
    private static final byte UNFENCE = -1;
    private static final byte IN_CONTROLLED_SHUTDOWN = 1;

    private final ClusterFacts facts;
    private final Liveness liveness;
    private final ShutdownOffsets shutdownOffsets;

    public BrokerHeartbeats(ClusterFacts facts, Liveness liveness, ShutdownOffsets shutdownOffsets) {
        this.facts = facts;
        this.liveness = liveness;
        this.shutdownOffsets = shutdownOffsets;
    }

    /**
     * @param registeredAt the offset of the broker's registration; a broker that has not read it does not know the cluster yet
     * @param endOffset where the records of this decision would begin
     */
    public Decision<MetadataRecord, BrokerHeartbeatResponse> heartbeat(
            BrokerHeartbeatRequest request, long registeredAt, long endOffset, long nowMs) {
        int id = request.brokerId();
        Optional<BrokerRegistration> known = facts.image().broker(id);
        if (known.isEmpty() || known.get().epoch() != request.brokerEpoch()) {
            return Decision.of(BrokerHeartbeatResponse.DEFAULT.withErrorCode(ErrorCode.STALE_BROKER_EPOCH.code()));
        }
        BrokerRegistration broker = known.get();
        State present = state(broker);
        State next = next(present, broker, request, registeredAt);
        if (present == State.FENCED || next == State.FENCED || next == State.MAY_STOP) {
            shutdownOffsets.forget(id);
        }
        List<MetadataRecord> records = new ArrayList<>();
        if (next != present) {
            LOG.info("broker {} goes from {} to {}", id, present, next);
            records.addAll(transition(broker, next));
            if (next == State.IN_CONTROLLED_SHUTDOWN) {
                shutdownOffsets.remember(id, endOffset + records.size() - 1);
            }
        }
        liveness.touch(id, broker.epoch(), request.currentMetadataOffset(), nowMs);
        if (facts.image().metadataVersion().hasDirectories()) {
            directoriesLost(broker, request.offlineLogDirs(), records);
        }
        List<Uuid> cordoned = request.cordonedLogDirs();
        if (cordoned != null
                && facts.image().metadataVersion().hasCordonedDirectories()
                && !cordoned.equals(broker.record().cordonedLogDirs())) {
            records.add(change(broker).withCordonedLogDirs(List.copyOf(cordoned)));
        }
        return new Decision<>(
                records,
                BrokerHeartbeatResponse.DEFAULT
                        .withIsCaughtUp(request.currentMetadataOffset() >= registeredAt)
                        .withIsFenced(next == State.FENCED || next == State.MAY_STOP)
                        .withShouldShutDown(next == State.MAY_STOP));
    }

    /** Fences the broker whose session ended longest ago, if one's has. */
    public Decision<MetadataRecord, Optional<Integer>> fenceStale(long nowMs) {
        Optional<Integer> stale = liveness.stalest(facts.image().brokers().values(), nowMs);
        if (stale.isEmpty()) {
            return Decision.of(stale);
        }
        BrokerRegistration broker = facts.image().broker(stale.get()).orElseThrow();
        shutdownOffsets.forget(broker.id());
        LOG.info(
                "broker {} is fenced: nothing was heard of it for {} ms",
                broker.id(),
                facts.settings().sessionTimeoutMs());
        return new Decision<>(transition(broker, State.FENCED), stale);
    }

    /** Fences a broker whose process ended without a word; false if it is fenced, or has registered again. */
    public Decision<MetadataRecord, Boolean> fenceLost(int brokerId, long brokerEpoch) {
        Optional<BrokerRegistration> lost =
                facts.image().broker(brokerId).filter(broker -> broker.epoch() == brokerEpoch && !broker.fenced());
        if (lost.isEmpty()) {
            return Decision.of(false);
        }
        shutdownOffsets.forget(brokerId);
        // its next process need not wait for the end of a session that nobody has
        liveness.forget(brokerId);
        LOG.info("broker {} is fenced: its connection was closed, and its port refuses new ones", brokerId);
        return new Decision<>(transition(lost.get(), State.FENCED), true);
    }

    private State next(State present, BrokerRegistration broker, BrokerHeartbeatRequest request, long registeredAt) {
        boolean wantsStop = request.wantShutDown();
        return switch (present) {
            case FENCED -> {
                if (wantsStop) {
                    yield State.MAY_STOP;
                }
                boolean caughtUp = request.currentMetadataOffset() >= registeredAt;
                yield !request.wantFence() && caughtUp ? State.UNFENCED : State.FENCED;
            }
            case UNFENCED -> {
                if (request.wantFence()) {
                    yield wantsStop ? State.MAY_STOP : State.FENCED;
                }
                if (!wantsStop) {
                    yield State.UNFENCED;
                }
                yield leadsSomething(broker.id()) ? State.IN_CONTROLLED_SHUTDOWN : State.MAY_STOP;
            }
            case IN_CONTROLLED_SHUTDOWN -> {
                boolean othersKnow = shutdownOffsets.of(broker.id())
                        <= liveness.lowestActiveOffset(facts.image().brokers().values());
                yield !leadsSomething(broker.id()) && othersKnow ? State.MAY_STOP : State.IN_CONTROLLED_SHUTDOWN;
            }
            case MAY_STOP -> State.MAY_STOP;
        };
    }

    private List<MetadataRecord> transition(BrokerRegistration broker, State next) {
        LeaderChanges leaders = new LeaderChanges(facts);
        List<MetadataRecord> records = new ArrayList<>();
        switch (next) {
            case FENCED, MAY_STOP -> {
                records.addAll(leaders.onLeft(broker.id()));
                if (!broker.fenced()) {
                    records.add(change(broker).withFenced(FENCE));
                }
            }
            case UNFENCED -> {
                records.add(change(broker).withFenced(UNFENCE));
                records.addAll(leaders.onReturned(broker.id()));
            }
            case IN_CONTROLLED_SHUTDOWN -> {
                if (!broker.inControlledShutdown()) {
                    records.add(change(broker).withInControlledShutdown(IN_CONTROLLED_SHUTDOWN));
                }
                records.addAll(leaders.onLeft(broker.id()));
            }
        }
        return records;
    }

    private void directoriesLost(BrokerRegistration broker, List<Uuid> offline, List<MetadataRecord> records) {
        List<Uuid> lost =
                offline.stream().filter(broker.directories()::contains).toList();
        if (lost.isEmpty()) {
            return;
        }
        List<Uuid> left = broker.directories().stream()
                .filter(directory -> !lost.contains(directory))
                .toList();
        LOG.info("broker {} lost directories {}, {} are left", broker.id(), lost, left);
        if (!left.isEmpty()) {
            records.add(change(broker).withLogDirs(left));
        }
        records.addAll(new LeaderChanges(facts).onDirectoriesLost(broker.id(), lost));
    }

    private boolean leadsSomething(int brokerId) {
        for (TopicImage topic : facts.image().topics().all()) {
            if (topic.partitions().stream().anyMatch(partition -> partition.leader() == brokerId)) {
                return true;
            }
        }
        return false;
    }

    /** Whoever was fenced while he stopped, or since another controller became active, has to ask again. */
    private State state(BrokerRegistration broker) {
        if (broker.fenced()) {
            return State.FENCED;
        }
        return shutdownOffsets.has(broker.id()) ? State.IN_CONTROLLED_SHUTDOWN : State.UNFENCED;
    }

    private static BrokerRegistrationChangeRecord change(BrokerRegistration broker) {
        return BrokerRegistrationChangeRecord.DEFAULT.withBrokerId(broker.id()).withBrokerEpoch(broker.epoch());
    }

    private enum State {
        FENCED,
        UNFENCED,
        IN_CONTROLLED_SHUTDOWN,
        MAY_STOP
    }

    /**
     * Up to where the others must have read before a broker in controlled shutdown may stop. Not durable: after a failover the
     * broker may stop as soon as it leads nothing. Owned by the controller's thread.
     */
    public static final class ShutdownOffsets {
        private final Map<Integer, Long> offsets = new HashMap<>();

        void remember(int brokerId, long offset) {
            offsets.merge(brokerId, offset, Math::max);
        }

        boolean has(int brokerId) {
            return offsets.containsKey(brokerId);
        }

        void forget(int brokerId) {
            offsets.remove(brokerId);
        }

        long of(int brokerId) {
            return offsets.getOrDefault(brokerId, -1L);
        }

        public void clear() {
            offsets.clear();
        }
    }
}
