package ottla.broker.io;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import ottla.broker.io.Host.Knock;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.Connection;
import ottla.wire.io.InboundRequest;
import ottla.wire.io.MemoryConnection;
import ottla.wire.io.NetworkListener;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.primitive.Reader;

/**
 * The wires between the nodes, and from clients to them. Messages of one connection keep their order; connections overtake each
 * other. Between two sides that are cut off from each other nothing arrives, and whoever waits for an answer learns it by time.
 */
final class SimulatedNetwork {
    private static final long WIRE_MAX_US = 3_000;

    private final SimulatedTime time;
    private final Map<Integer, Door> doors = new HashMap<>();
    /** Whose a port is, also while nobody listens there. */
    private final Map<Integer, Integer> nodes = new HashMap<>();

    private final Map<Way, Wire> wires = new LinkedHashMap<>();
    private final List<Pending> pending = new ArrayList<>();
    private final Set<Pair> cut = new HashSet<>();
    private final List<Runnable> held = new ArrayList<>();
    private Predicate<Message> holds = message -> false;
    private Tampering tampering = new Tampering() {};
    private final Map<ApiKey, Integer> sent = new EnumMap<>(ApiKey.class);
    private int nextCorrelation;

    /** A request on its way from one node to another. */
    record Message(int from, int to, Request request) {}

    /** What becomes of messages under way: how a protection is taken out that lies in what they say. */
    interface Tampering {
        default Request request(Message message) {
            return message.request();
        }

        default Response response(Message message, Response response) {
            return response;
        }
    }

    private record Door(SimulatedHost host, NetworkListener listener) {}

    private record Pair(int one, int other) {}

    private record Way(SimulatedHost from, String purpose, int port, SimulatedHost to) {}

    private record Pending(SimulatedHost from, SimulatedHost to, CompletableFuture<Response> answer) {}

    SimulatedNetwork(SimulatedTime time) {
        this.time = time;
    }

    void open(SimulatedHost host, NetworkListener listener) {
        doors.put(listener.port(), new Door(host, listener));
        nodes.put(listener.port(), host.nodeId());
    }

    void shut(int port) {
        doors.remove(port);
    }

    /** Nothing gets from one node to the other any more, nor back. */
    void cut(int one, int other) {
        cut.add(new Pair(one, other));
        cut.add(new Pair(other, one));
    }

    void heal() {
        cut.clear();
    }

    /** How many requests of a kind set out. */
    int sentCount(ApiKey api) {
        return sent.getOrDefault(api, 0);
    }

    void tamper(Tampering with) {
        tampering = with;
    }

    /** From now on such requests stay under way. */
    void hold(Predicate<Message> which) {
        holds = which;
    }

    /** How many requests are held. */
    int heldCount() {
        return held.size();
    }

    /** Lets go of what was held. */
    void release() {
        holds = message -> false;
        List<Runnable> deliveries = new ArrayList<>(held);
        held.clear();
        deliveries.forEach(Runnable::run);
    }

    private boolean passes(SimulatedHost from, SimulatedHost to) {
        return !cut.contains(new Pair(from.nodeId(), to.nodeId()));
    }

    /** A process is gone: its system resets what others had open with it. */
    void lost(SimulatedHost host) {
        wires.forEach((way, wire) -> {
            if (way.from() == host) {
                way.to().after(time.delayUs(WIRE_MAX_US), () -> {
                    if (passes(host, way.to())) {
                        wire.connection.close("connection reset");
                    }
                });
            }
        });
        wires.keySet().removeIf(way -> way.from() == host || way.to() == host);
        List<Pending> broken = pending.stream().filter(one -> one.to() == host).toList();
        pending.removeIf(one -> one.to() == host || one.from() == host);
        for (Pending one : broken) {
            one.from().after(time.delayUs(WIRE_MAX_US), () -> {
                if (passes(one.from(), host)) {
                    one.answer().completeExceptionally(new IllegalStateException("connection reset"));
                }
            });
        }
    }

    /** Whether somebody listens there; completes as an event of who knocks, or never. */
    CompletionStage<Knock> knock(SimulatedHost from, Endpoint to) {
        CompletableFuture<Knock> answer = new CompletableFuture<>();
        Door door = doors.get(to.port());
        Integer nodeId = nodes.get(to.port());
        if (nodeId != null && !cut.contains(new Pair(from.nodeId(), nodeId))) {
            from.after(time.delayUs(WIRE_MAX_US), () -> answer.complete(door == null ? Knock.REFUSED : Knock.OPEN));
        }
        return answer;
    }

    /** Sends a request; the stage completes as an event of the sender. */
    CompletionStage<Response> send(SimulatedHost from, String purpose, Endpoint to, Request request, long timeoutMs) {
        CompletableFuture<Response> answer = new CompletableFuture<>();
        time.after(timeoutMs * 1000, () -> {
            if (!answer.isDone()) {
                from.after(0, () -> answer.completeExceptionally(new IllegalStateException("no answer in time")));
            }
        });
        Door door = doors.get(to.port());
        if (door == null) {
            from.after(
                    time.delayUs(WIRE_MAX_US),
                    () -> answer.completeExceptionally(new IllegalStateException("nobody listens at " + to)));
            return answer;
        }
        SimulatedHost target = door.host();
        if (!passes(from, target)) {
            return answer;
        }
        Pending waits = new Pending(from, target, answer);
        pending.add(waits);
        var unused = answer.whenComplete((response, failure) -> pending.remove(waits));
        Wire wire = wires.computeIfAbsent(
                new Way(from, purpose, to.port(), target),
                way -> new Wire(new MemoryConnection(door.listener().name(), target.loop())));
        sent.merge(request.apiKey(), 1, Integer::sum);
        Message message = new Message(from.nodeId(), target.nodeId(), request);
        Runnable delivery = () -> target.after(wire.arrivalDelayUs(), () -> {
            if (passes(from, target)) {
                Inbound inbound = new Inbound(
                        tampering.request(message),
                        wire.connection,
                        nextCorrelation++,
                        purpose,
                        response -> from.after(wire.returnDelayUs(), () -> {
                            if (passes(target, from)) {
                                answer.complete(tampering.response(message, response));
                            }
                        }));
                wire.connection.loop().execute(() -> door.listener().handler().handle(inbound));
            }
        });
        if (holds.test(message)) {
            held.add(delivery);
        } else {
            delivery.run();
        }
        return answer;
    }

    /** Who waits for an answer. */
    private interface Asker {
        void take(Response response);
    }

    /** One connection: what is sent first arrives first. */
    private final class Wire {
        private final MemoryConnection connection;
        private long lastArrivalUs;
        private long lastReturnUs;

        Wire(MemoryConnection connection) {
            this.connection = connection;
        }

        long arrivalDelayUs() {
            lastArrivalUs = Math.max(lastArrivalUs, time.nowUs() + time.delayUs(WIRE_MAX_US));
            return lastArrivalUs - time.nowUs();
        }

        long returnDelayUs() {
            lastReturnUs = Math.max(lastReturnUs, time.nowUs() + time.delayUs(WIRE_MAX_US));
            return lastReturnUs - time.nowUs();
        }
    }

    /** A request in the newest version there is. */
    private static final class Inbound implements InboundRequest {
        private final Request message;
        private final Connection connection;
        private final int correlationId;
        private final String clientId;
        private final Asker asker;

        Inbound(Request message, Connection connection, int correlationId, String clientId, Asker asker) {
            this.message = message;
            this.connection = connection;
            this.correlationId = correlationId;
            this.clientId = clientId;
            this.asker = asker;
        }

        @Override
        public ApiKey api() {
            return message.apiKey();
        }

        @Override
        public int version() {
            return api().latestVersionUnstable() ? api().maxVersion() - 1 : api().maxVersion();
        }

        @Override
        public boolean isUnsupportedVersion() {
            return false;
        }

        @Override
        public int correlationId() {
            return correlationId;
        }

        @Override
        public String clientId() {
            return clientId;
        }

        @Override
        public Connection connection() {
            return connection;
        }

        @Override
        public int sizeBytes() {
            return 100;
        }

        @Override
        public long arrivalNs() {
            return 0;
        }

        @Override
        public Reader body() {
            throw new UnsupportedOperationException("the message is here already");
        }

        @Override
        public Request readMessage() {
            return message;
        }

        @Override
        public void releaseBody() {
            // nothing is kept
        }

        @Override
        public void whenLeaving(Runnable task) {
            // who leaves is not waited for
        }

        @Override
        public void holdBack(int throttleMs) {
            throw new AssertionError("nobody here has a quota");
        }

        @Override
        public void answer(Response response) {
            asker.take(response);
        }

        @Override
        public void answerNothing() {
            // so it was wanted
        }

        @Override
        public void close(String reason) {
            throw new AssertionError("a connection was closed: " + reason);
        }
    }
}
