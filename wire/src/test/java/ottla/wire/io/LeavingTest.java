package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ottla.wire.message.ApiKey;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.HeartbeatResponse;

/** Whoever lets a request wait hears of it when nobody waits for the answer any more. */
class LeavingTest {
    private static final int VERSION = 4;

    private final BlockingQueue<InboundRequest> arrived = new LinkedBlockingQueue<>();
    private final BlockingQueue<InboundRequest> left = new LinkedBlockingQueue<>();
    private final RequestHandler handler = request -> {
        request.whenLeaving(() -> left.add(request));
        arrived.add(request);
    };

    @ParameterizedTest
    @EnumSource
    void aClientThatGoesIsTold(EventLoops.Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, handler)) {
            InboundRequest request;
            try (RawClient client = new RawClient(fixture.address)) {
                client.send(RawClient.frame(ApiKey.HEARTBEAT, VERSION, 1, "raw", HeartbeatRequest.DEFAULT));
                request = arrive();
                assertThat(left).isEmpty();
            }

            assertThat(left.poll(10, TimeUnit.SECONDS)).isSameAs(request);
            request.answer(HeartbeatResponse.DEFAULT);
        }
        assertThat(left).as("it is told once").isEmpty();
    }

    @Test
    void aServerThatClosesLetsItBeAnsweredEarly() throws Exception {
        RequestHandler early = request -> {
            request.whenLeaving(() -> request.answer(HeartbeatResponse.DEFAULT));
            arrived.add(request);
        };
        ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, early);
        try (RawClient client = new RawClient(fixture.address)) {
            client.send(RawClient.frame(ApiKey.HEARTBEAT, VERSION, 1, "raw", HeartbeatRequest.DEFAULT));
            arrive();
            fixture.close();

            assertThat(client.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(1);
        }
    }

    @Test
    void aRequestThatHasEndedIsLeftAlone() throws Exception {
        RequestHandler answering = request -> {
            request.whenLeaving(() -> left.add(request));
            request.answer(HeartbeatResponse.DEFAULT);
        };
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, answering)) {
            try (RawClient client = new RawClient(fixture.address)) {
                client.send(RawClient.frame(ApiKey.HEARTBEAT, VERSION, 1, "raw", HeartbeatRequest.DEFAULT));
                assertThat(client.read(ApiKey.HEARTBEAT, VERSION).correlationId())
                        .isEqualTo(1);
            }
            Await.until("the client is gone", () -> fixture.server.connectionCount() == 0);
        }
        assertThat(left).isEmpty();
    }

    private InboundRequest arrive() throws InterruptedException {
        InboundRequest request = arrived.poll(10, TimeUnit.SECONDS);
        assertThat(request).as("a request").isNotNull();
        return Objects.requireNonNull(request);
    }
}
