package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ottla.wire.message.ApiKey;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.HeartbeatResponse;

/** How many connections there may be, how long they may be idle, and how a server opens and closes. */
class ConnectionLimitsTest {
    private static final int VERSION = 4;
    private static final RequestHandler ANSWERING = request -> request.answer(HeartbeatResponse.DEFAULT);

    private static void expectServed(RawClient client) throws IOException {
        client.send(ApiKey.HEARTBEAT, VERSION, 1, HeartbeatRequest.DEFAULT);
        assertThat(client.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(1);
    }

    @Test
    void anAddressHasSoManyConnectionsAndNoMore() throws Exception {
        NetworkLimits limits =
                NetworkLimits.DEFAULT.withConnections(new ConnectionLimits(Integer.MAX_VALUE, 2, Map.of()));
        try (ServerFixture fixture = new ServerFixture(limits, ANSWERING);
                RawClient first = new RawClient(fixture.address);
                RawClient second = new RawClient(fixture.address)) {
            expectServed(first);
            expectServed(second);
            try (RawClient third = new RawClient(fixture.address)) {
                assertThat(third.isClosedByServer()).isTrue();
            }

            first.reset();
            Await.until("one is gone", () -> fixture.server.connectionCount() == 1);

            try (RawClient third = new RawClient(fixture.address)) {
                expectServed(third);
            }
        }
    }

    @Test
    void anAddressMayHaveALimitOfItsOwn() throws Exception {
        NetworkLimits limits = NetworkLimits.DEFAULT.withConnections(
                new ConnectionLimits(Integer.MAX_VALUE, 0, Map.of(InetAddress.getLoopbackAddress(), 1)));
        try (ServerFixture fixture = new ServerFixture(limits, ANSWERING);
                RawClient first = new RawClient(fixture.address);
                RawClient second = new RawClient(fixture.address)) {
            expectServed(first);
            assertThat(second.isClosedByServer()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFullServerAcceptsWhenThereIsRoom(EventLoops.Transport transport) throws Exception {
        NetworkLimits limits =
                NetworkLimits.DEFAULT.withConnections(new ConnectionLimits(2, Integer.MAX_VALUE, Map.of()));
        try (ServerFixture fixture = new ServerFixture(transport, limits, ServedApis.ALL, ANSWERING);
                RawClient first = new RawClient(fixture.address);
                RawClient second = new RawClient(fixture.address);
                RawClient third = new RawClient(fixture.address)) {
            expectServed(first);
            expectServed(second);
            third.send(ApiKey.HEARTBEAT, VERSION, 1, HeartbeatRequest.DEFAULT);
            Await.turnOf(fixture.loop());
            assertThat(fixture.server.connectionCount()).isEqualTo(2);

            first.reset();

            assertThat(third.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoWaitsIsServedWhenTheLimitIsRaised(EventLoops.Transport transport) throws Exception {
        NetworkLimits limits =
                NetworkLimits.DEFAULT.withConnections(new ConnectionLimits(1, Integer.MAX_VALUE, Map.of()));
        try (ServerFixture fixture = new ServerFixture(transport, limits, ServedApis.ALL, ANSWERING);
                RawClient first = new RawClient(fixture.address);
                RawClient second = new RawClient(fixture.address)) {
            expectServed(first);
            second.send(ApiKey.HEARTBEAT, VERSION, 1, HeartbeatRequest.DEFAULT);
            Await.turnOf(fixture.loop());
            assertThat(fixture.server.connectionCount()).isEqualTo(1);

            fixture.server.limitConnections(ConnectionLimits.NONE);

            assertThat(second.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNewLimitOfAnAddressHoldsForWhoComesNext(EventLoops.Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, ANSWERING);
                RawClient first = new RawClient(fixture.address)) {
            expectServed(first);

            fixture.server.limitConnections(new ConnectionLimits(Integer.MAX_VALUE, 1, Map.of()));

            try (RawClient second = new RawClient(fixture.address)) {
                assertThat(second.isClosedByServer()).isTrue();
            }
            expectServed(first);
        }
    }

    @Test
    void manyConnectionsAreServedAndForgotten() throws Exception {
        // A full backlog has the client's system try again after a second.
        NetworkLimits limits = NetworkLimits.DEFAULT.withListenBacklogCount(1_000);
        try (ServerFixture fixture = new ServerFixture(limits, ANSWERING)) {
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                clients.add(new RawClient(fixture.address));
            }
            for (RawClient client : clients) {
                expectServed(client);
            }
            assertThat(fixture.server.connectionCount()).isEqualTo(500);

            for (RawClient client : clients) {
                client.close();
            }

            Await.until("all are gone", () -> fixture.server.connectionCount() == 0);
        }
    }

    /** One says nothing, one sends half a frame, one does not take its answers. */
    @Test
    void idleConnectionsAreClosed() throws Exception {
        CountedPayloads payloads = new CountedPayloads();
        NetworkLimits limits = NetworkLimits.DEFAULT.withConnectionsMaxIdleMs(50);
        RequestHandler handler = request -> request.answer(CountedPayloads.fetched(payloads.payload(1, 30_000_000)));
        try (ServerFixture fixture = new ServerFixture(limits, handler);
                RawClient silent = new RawClient(fixture.address);
                RawClient half = new RawClient(fixture.address);
                RawClient deaf = new RawClient(fixture.address)) {
            half.send(ByteBuffer.allocate(7).putInt(3, 1));
            deaf.send(ApiKey.FETCH, 16, 1, ottla.wire.message.FetchRequest.DEFAULT);

            assertThat(silent.isClosedByServer()).isTrue();
            assertThat(half.isClosedByServer()).isTrue();
            Await.until("the deaf one is gone", () -> fixture.server.connectionCount() == 0);
            Await.until("its answer is released", () -> payloads.held.get() == 0);
        }
    }

    @Test
    void whoWaitsForAnAnswerIsNotIdle() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        NetworkLimits limits = NetworkLimits.DEFAULT.withConnectionsMaxIdleMs(50);
        try (ServerFixture fixture = new ServerFixture(limits, inbox);
                RawClient waiting = new RawClient(fixture.address);
                RawClient silent = new RawClient(fixture.address)) {
            waiting.send(ApiKey.HEARTBEAT, VERSION, 1, HeartbeatRequest.DEFAULT);
            InboundRequest request = inbox.take();
            // Two idle times, each told by a connection that is closed for it.
            assertThat(silent.isClosedByServer()).isTrue();
            try (RawClient another = new RawClient(fixture.address)) {
                assertThat(another.isClosedByServer()).isTrue();
            }

            request.answer(HeartbeatResponse.DEFAULT);

            assertThat(waiting.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTakenPortIsSaidInASentence(EventLoops.Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, ANSWERING)) {
            int port = fixture.address.getPort();
            assertThatThrownBy(() -> fixture.server.open(
                            new NetworkListener("SECOND", "127.0.0.1", port, ServedApis.ALL, ANSWERING)))
                    .isInstanceOf(IOException.class)
                    .hasMessage("Listener SECOND cannot be opened on 127.0.0.1:" + port
                            + ": the port is in use by another process");
            assertThatThrownBy(() -> fixture.server.open(
                            new NetworkListener("THIRD", "no.such.host.invalid", 0, ServedApis.ALL, ANSWERING)))
                    .isInstanceOf(IOException.class)
                    .hasMessage("Listener THIRD cannot be opened on no.such.host.invalid:0: there is no host of that"
                            + " name");
        }
    }

    @Test
    void listenersTellTheirNames() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox)) {
            InetSocketAddress other =
                    fixture.server.open(new NetworkListener("CONTROLLER", "", 0, ServedApis.ALL, inbox));
            InetSocketAddress there = new InetSocketAddress(InetAddress.getLoopbackAddress(), other.getPort());
            try (RawClient client = new RawClient(there)) {
                client.send(ApiKey.HEARTBEAT, VERSION, 1, HeartbeatRequest.DEFAULT);
                InboundRequest request = inbox.take();

                assertThat(request.connection().listenerName()).isEqualTo("CONTROLLER");
                assertThat(request.connection().localAddress().getPort()).isEqualTo(other.getPort());
                assertThat(request.connection().remoteAddress())
                        .isEqualTo(client.socket().getLocalSocketAddress());
                request.answer(HeartbeatResponse.DEFAULT);
            }
        }
    }

    @Test
    void closingLetsAnswersThatAreOwedLeave() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox);
                RawClient waiting = new RawClient(fixture.address);
                RawClient silent = new RawClient(fixture.address)) {
            waiting.send(ApiKey.HEARTBEAT, VERSION, 1, HeartbeatRequest.DEFAULT);
            InboundRequest request = inbox.take();

            CompletableFuture<Void> closed =
                    fixture.server.close(ServerFixture.GRACE_MS).toCompletableFuture();
            assertThat(silent.isClosedByServer()).isTrue();
            assertThatThrownBy(() -> new RawClient(fixture.address)).isInstanceOf(IOException.class);
            assertThat(closed).isNotDone();
            request.answer(HeartbeatResponse.DEFAULT);

            assertThat(waiting.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(1);
            closed.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void closingDoesNotWaitForEver() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox);
                RawClient waiting = new RawClient(fixture.address)) {
            waiting.send(ApiKey.HEARTBEAT, VERSION, 1, HeartbeatRequest.DEFAULT);
            InboundRequest request = inbox.take();

            fixture.server.close(1).toCompletableFuture().get(10, TimeUnit.SECONDS);

            assertThat(waiting.isClosedByServer()).isTrue();
            request.answer(HeartbeatResponse.DEFAULT);
        }
    }
}
