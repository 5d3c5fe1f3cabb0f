package ottla.broker.io;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import ottla.broker.api.BrokerHeartbeatApi;
import ottla.broker.io.Host.Knock;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.Connection;
import ottla.wire.io.Loop;

/**
 * Notices that a broker's process has died long before its session ends: the system that it ran on closes the connection on which
 * its heartbeats came, and refuses new ones. Only both together count, and they cost a broker that lives after all no more than a
 * heartbeat's time as a fenced one. A broker that is slow, halted or cut off, or whose machine is gone, refuses nothing and is judged
 * by its session, as in Kafka.
 *
 * <p>A controller that becomes active has no connection to miss. It gives every broker the time of a heartbeat and a half, and then
 * looks at those that were silent.
 *
 * <p>Safe for use by several threads. Lives as long as the node.
 */
final class BrokerWatch implements BrokerHeartbeatApi.Watch {
    /** A process that ends closes one thing after the other, so its door may still be open at the first look. */
    private static final long[] PAUSES_MS = {0, 50, 500};

    private final Supplier<ClusterImage> image;
    private final Supplier<OptionalInt> activeEpoch;
    private final Function<Endpoint, CompletionStage<Knock>> knock;
    private final BiFunction<Integer, Long, CompletionStage<Boolean>> fence;
    private final Loop loop;
    private final long graceMs;
    private final Map<Integer, Heard> heard = new ConcurrentHashMap<>();
    private final Set<Long> watched = ConcurrentHashMap.newKeySet();

    /** Where the latest heartbeat of a broker came from. */
    private record Heard(long brokerEpoch, long connectionId) {}

    /**
     * @param activeEpoch in which this node is the active controller, if it is
     * @param fence has the active controller fence a broker of an epoch, and says whether it did
     * @param heartbeatIntervalMs {@code broker.heartbeat.interval.ms}, which the brokers are taken to have, too
     */
    BrokerWatch(
            Supplier<ClusterImage> image,
            Supplier<OptionalInt> activeEpoch,
            Function<Endpoint, CompletionStage<Knock>> knock,
            BiFunction<Integer, Long, CompletionStage<Boolean>> fence,
            Loop loop,
            long heartbeatIntervalMs) {
        this.image = image;
        this.activeEpoch = activeEpoch;
        this.knock = knock;
        this.fence = fence;
        this.loop = loop;
        graceMs = heartbeatIntervalMs + heartbeatIntervalMs / 2;
    }

    @Override
    public void heard(int brokerId, long brokerEpoch, Connection connection) {
        if (registered(brokerId, brokerEpoch).isEmpty()) {
            return;
        }
        heard.put(brokerId, new Heard(brokerEpoch, connection.id()));
        if (watched.add(connection.id())) {
            connection.whenClosed(() -> closed(connection.id()));
        }
    }

    private void closed(long connectionId) {
        watched.remove(connectionId);
        heard.forEach((brokerId, latest) -> {
            if (latest.connectionId() == connectionId && heard.remove(brokerId, latest)) {
                look(brokerId, latest.brokerEpoch(), 0);
            }
        });
    }

    private Optional<BrokerRegistration> registered(int brokerId, long brokerEpoch) {
        return image.get().broker(brokerId).filter(broker -> broker.epoch() == brokerEpoch);
    }

    private void look(int brokerId, long brokerEpoch, int attempt) {
        if (attempt < PAUSES_MS.length) {
            var unused = loop.schedule(() -> knockAt(brokerId, brokerEpoch, attempt), PAUSES_MS[attempt]);
        }
    }

    private void knockAt(int brokerId, long brokerEpoch, int attempt) {
        if (activeEpoch.get().isEmpty() || heard.containsKey(brokerId)) {
            return;
        }
        Optional<BrokerRegistration> unfenced =
                registered(brokerId, brokerEpoch).filter(broker -> !broker.fenced());
        unfenced.flatMap(BrokerWatch::door).ifPresent(door -> {
            var unused = knock.apply(door).thenAccept(answer -> {
                switch (answer) {
                    case OPEN -> look(brokerId, brokerEpoch, attempt + 1);
                    case REFUSED -> {
                        if (!heard.containsKey(brokerId)) {
                            var unusedEither = fence.apply(brokerId, brokerEpoch);
                        }
                    }
                    case NO_ANSWER -> {}
                }
            });
        });
    }

    private static Optional<Endpoint> door(BrokerRegistration broker) {
        return broker.endpoints().stream().findFirst().map(at -> new Endpoint(at.host(), at.port()));
    }

    /** This node leads the quorum from now on. Any thread. */
    void becameActive() {
        heard.clear();
        var unused = loop.schedule(this::lookAtSilent, graceMs);
    }

    private void lookAtSilent() {
        for (BrokerRegistration broker : image.get().brokers().values()) {
            if (!broker.fenced() && !heard.containsKey(broker.id())) {
                knockAt(broker.id(), broker.epoch(), PAUSES_MS.length);
            }
        }
    }
}
