package ottla.broker.io;

import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import ottla.replication.quorum.Endpoint;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/** A process outside of the cluster that asks its brokers for something. */
final class SimulatedClient {
    private static final long ADMIN_TIMEOUT_MS = 10_000;
    private static final long AGAIN_US = 100_000;

    private final SimulatedHost host;
    private final SimulatedNetwork network;
    private final SplittableRandom random;
    private final int brokers;

    /** @param brokers how many there are, with ids from 1 on */
    SimulatedClient(SimulatedHost host, SimulatedNetwork network, SplittableRandom random, int brokers) {
        this.host = host;
        this.network = network;
        this.random = random;
        this.brokers = brokers;
    }

    SplittableRandom random() {
        return random;
    }

    long millis() {
        return host.clock().millis();
    }

    /** Does something in this process, after a while. */
    void after(long delayUs, Runnable deed) {
        host.after(delayUs, deed);
    }

    Endpoint someBroker() {
        return SimulatedNode.address(1 + random.nextInt(brokers));
    }

    /** @param receiver told the answer; null if there is none */
    void ask(Endpoint broker, Request request, long timeoutMs, Consumer<@Nullable Response> receiver) {
        network.send(host, "client", broker, request, timeoutMs)
                .whenComplete((response, failure) -> host.after(0, () -> receiver.accept(response)));
    }

    /** Asks once; whether anything comes of it is open. */
    void wish(Request request) {
        ask(someBroker(), request, ADMIN_TIMEOUT_MS, response -> {});
    }

    /** Asks some broker, and again another until an answer is as it should be. */
    void persist(Request request, Predicate<Response> isDone) {
        ask(someBroker(), request, ADMIN_TIMEOUT_MS, response -> {
            if (response == null || !isDone.test(response)) {
                host.after(AGAIN_US, () -> persist(request, isDone));
            }
        });
    }
}
