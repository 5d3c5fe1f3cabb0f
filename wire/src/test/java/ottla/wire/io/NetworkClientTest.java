package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ApiVersionsResponse;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.HeartbeatResponse;
import ottla.wire.message.Response;
import ottla.wire.message.SaslAuthenticateRequest;
import ottla.wire.message.SaslAuthenticateResponse;
import ottla.wire.primitive.Payload;

/** A node as the client of another, which may be a good server or a strange one. */
class NetworkClientTest {
    private static final int VERSION = 4;
    private static final PeerLimits LIMITS = PeerLimits.DEFAULT.withConnectTimeoutMs(2_000);

    private EventLoops loops;

    @BeforeEach
    void start() {
        loops = new EventLoops(1);
    }

    @AfterEach
    void stop() {
        loops.close();
    }

    private PeerConnection connect(InetSocketAddress address, PeerLimits limits) throws Exception {
        return get(new NetworkClient(loops, limits).connect("127.0.0.1", address.getPort(), "node-7"));
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private static PeerFailure.Reason failure(CompletionStage<?> stage) {
        Throwable thrown = catchThrowable(() -> get(stage));
        assertThat(thrown).isInstanceOf(ExecutionException.class).hasCauseInstanceOf(PeerFailure.class);
        return ((PeerFailure) Objects.requireNonNull(thrown.getCause())).reason();
    }

    private static CompletionStage<Response> heartbeat(PeerConnection peer) {
        return peer.send(ApiKey.HEARTBEAT, VERSION, HeartbeatRequest.DEFAULT);
    }

    @Test
    void pipelinedRequestsGetTheirAnswers() throws Exception {
        RequestHandler handler = request -> {
            assertThat(request.clientId()).isEqualTo("node-7");
            HeartbeatRequest message = (HeartbeatRequest) request.readMessage();
            request.answer(HeartbeatResponse.DEFAULT.withThrottleTimeMs(message.generationId()));
        };
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, handler)) {
            PeerConnection peer = connect(fixture.address, LIMITS.withInFlightRequests(1_000));
            List<CompletionStage<Response>> answers = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                answers.add(peer.send(ApiKey.HEARTBEAT, VERSION, HeartbeatRequest.DEFAULT.withGenerationId(i)));
            }

            for (int i = 0; i < 1_000; i++) {
                assertThat(get(answers.get(i))).isEqualTo(HeartbeatResponse.DEFAULT.withThrottleTimeMs(i));
            }
            assertThat(peer.isOpen()).isTrue();
            peer.close();
            assertThat(get(peer.closed()).reason()).isEqualTo(PeerFailure.Reason.CLOSED);
        }
    }

    @Test
    void largeMessagesGoBothWays() throws Exception {
        CountedPayloads payloads = new CountedPayloads();
        RequestHandler handler = request -> {
            if (request.readMessage() instanceof SaslAuthenticateRequest message) {
                request.answer(SaslAuthenticateResponse.DEFAULT.withAuthBytes(message.authBytes()));
            } else {
                request.answer(CountedPayloads.fetched(payloads.payload(3, 1_000_000)));
            }
        };
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, handler)) {
            PeerConnection peer = connect(fixture.address, LIMITS);
            ByteBuffer large = ByteBuffer.allocate(5_000_000).put(4_000_000, (byte) 1);

            CompletionStage<Response> echoed =
                    peer.send(ApiKey.SASL_AUTHENTICATE, 2, SaslAuthenticateRequest.DEFAULT.withAuthBytes(large));
            CompletionStage<Response> fetched = peer.send(ApiKey.FETCH, 16, FetchRequest.DEFAULT);

            assertThat(((SaslAuthenticateResponse) get(echoed)).authBytes()).isEqualTo(large);
            FetchResponse answer = (FetchResponse) get(fetched);
            Payload records = Objects.requireNonNull(
                    answer.responses().get(0).partitions().get(0).records());
            assertThat(records.contiguous())
                    .isEqualTo(new CountedPayloads().payload(3, 1_000_000).contiguous());
        }
    }

    @Test
    void nobodyListens() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        NetworkClient client = new NetworkClient(loops, LIMITS);

        assertThat(failure(client.connect("127.0.0.1", port, "c"))).isEqualTo(PeerFailure.Reason.REFUSED);
        assertThat(failure(client.connect("localhost", port, "c"))).isEqualTo(PeerFailure.Reason.REFUSED);
        assertThat(failure(client.connect("no.such.host.invalid", port, "c")))
                .isEqualTo(PeerFailure.Reason.NOT_CONNECTED);
    }

    @Test
    void aLateAnswerFailsEverything() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox)) {
            PeerConnection peer = connect(fixture.address, LIMITS);

            CompletionStage<Response> patient = heartbeat(peer);
            CompletionStage<Response> hasty = peer.send(ApiKey.HEARTBEAT, VERSION, HeartbeatRequest.DEFAULT, 20);

            assertThat(failure(hasty)).isEqualTo(PeerFailure.Reason.TIMED_OUT);
            assertThat(failure(patient)).isEqualTo(PeerFailure.Reason.TIMED_OUT);
            assertThat(get(peer.closed()).reason()).isEqualTo(PeerFailure.Reason.TIMED_OUT);
            assertThat(failure(heartbeat(peer))).isEqualTo(PeerFailure.Reason.TIMED_OUT);
            inbox.take().answerNothing();
            inbox.take().answerNothing();
        }
    }

    @Test
    void anAnswerInTimeLeavesTheNextItsTime() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox)) {
            PeerConnection peer = connect(fixture.address, LIMITS);
            CompletionStage<Response> first = peer.send(ApiKey.HEARTBEAT, VERSION, HeartbeatRequest.DEFAULT, 5_000);
            inbox.take().answer(HeartbeatResponse.DEFAULT);
            get(first);

            // Its deadline is before the one that the timer was set for.
            CompletionStage<Response> second = peer.send(ApiKey.HEARTBEAT, VERSION, HeartbeatRequest.DEFAULT, 20);

            assertThat(failure(second)).isEqualTo(PeerFailure.Reason.TIMED_OUT);
            inbox.take().answerNothing();
        }
    }

    @Test
    void tooManyAtOnceAreRefused() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox)) {
            PeerConnection peer = connect(fixture.address, LIMITS.withInFlightRequests(2));
            CompletionStage<Response> first = heartbeat(peer);
            CompletionStage<Response> second = heartbeat(peer);

            assertThat(failure(heartbeat(peer))).isEqualTo(PeerFailure.Reason.TOO_MANY_IN_FLIGHT);

            inbox.take().answer(HeartbeatResponse.DEFAULT);
            inbox.take().answer(HeartbeatResponse.DEFAULT);
            get(first);
            get(second);
            CompletionStage<Response> third = heartbeat(peer);
            inbox.take().answer(HeartbeatResponse.DEFAULT);
            get(third);
        }
    }

    @Test
    void aClosingServerFailsWhatItOwes() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox)) {
            PeerConnection peer = connect(fixture.address, LIMITS);
            CompletionStage<Response> first = heartbeat(peer);
            CompletionStage<Response> second = heartbeat(peer);
            inbox.take().answer(HeartbeatResponse.DEFAULT);
            inbox.take().close("for the test");

            assertThat(get(first)).isEqualTo(HeartbeatResponse.DEFAULT);
            assertThat(failure(second)).isEqualTo(PeerFailure.Reason.CLOSED);
            assertThat(peer.isOpen()).isFalse();
        }
    }

    @Test
    void aMessageThatTheVersionCannotCarryIsNotSent() throws Exception {
        try (ServerFixture fixture =
                new ServerFixture(NetworkLimits.DEFAULT, request -> request.answer(HeartbeatResponse.DEFAULT))) {
            PeerConnection peer = connect(fixture.address, LIMITS);
            HeartbeatRequest request = HeartbeatRequest.DEFAULT.withGroupInstanceId("static");

            assertThat(failure(peer.send(ApiKey.HEARTBEAT, 0, request))).isEqualTo(PeerFailure.Reason.NOT_SENDABLE);
            assertThat(get(heartbeat(peer))).isEqualTo(HeartbeatResponse.DEFAULT);
        }
    }

    @Test
    void versionsAreNegotiatedDownToWhatAnOlderPeerKnows() throws Exception {
        List<Integer> asked = new ArrayList<>();
        ApiVersionsResponse table = ApiVersionsResponse.DEFAULT.withApiKeys(List.of(
                new ApiVersionsResponse.ApiVersion((short) 18, (short) 0, (short) 2),
                new ApiVersionsResponse.ApiVersion((short) 1, (short) 0, (short) 11),
                new ApiVersionsResponse.ApiVersion((short) 12, (short) 90, (short) 99),
                new ApiVersionsResponse.ApiVersion((short) 999, (short) 0, (short) 9)));
        ServedApis old = (api, version) -> api == ApiKey.API_VERSIONS && version <= 2;
        RequestHandler handler = request -> {
            asked.add(request.isUnsupportedVersion() ? -1 : request.version());
            short error = (request.isUnsupportedVersion() ? ErrorCode.UNSUPPORTED_VERSION : ErrorCode.NONE).code();
            request.answer(table.withErrorCode(error));
        };
        try (ServerFixture fixture =
                new ServerFixture(EventLoops.Transport.best(), NetworkLimits.DEFAULT, old, handler)) {
            PeerConnection peer = connect(fixture.address, LIMITS);

            PeerVersions versions = get(peer.negotiate(new ClientSoftware("ottla", "1")));

            assertThat(asked).containsExactly(-1, 2);
            assertThat(versions.newest(ApiKey.FETCH)).hasValue(11);
            assertThat(versions.newest(ApiKey.FETCH, 5)).hasValue(5);
            assertThat(versions.newest(ApiKey.FETCH, 3)).isEmpty();
            assertThat(versions.newest(ApiKey.HEARTBEAT)).isEmpty();
            assertThat(versions.newest(ApiKey.PRODUCE)).isEmpty();
        }
    }

    /** Accepts one connection, reads one request, and sends what it is told to. */
    private CompletionStage<Response> askedOf(byte[] answer) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            PeerLimits limits = LIMITS.withResponseMaxBytes(1_000);
            PeerConnection peer = connect((InetSocketAddress) server.getLocalSocketAddress(), limits);
            CompletionStage<Response> asked = heartbeat(peer);
            CompletableFuture<Response> both = asked.toCompletableFuture();
            try (Socket socket = server.accept()) {
                DataInputStream in = new DataInputStream(socket.getInputStream());
                in.readFully(new byte[in.readInt()]);
                socket.getOutputStream().write(answer);
                get(both.handle((response, failed) -> 0));
                assertThat(get(peer.closed())).isNotNull();
            }
            return asked;
        }
    }

    private static byte[] frame(int... bytes) {
        ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + bytes.length).putInt(bytes.length);
        for (int value : bytes) {
            frame.put((byte) value);
        }
        return frame.array();
    }

    @Test
    void whatIsNoAnswerEndsTheConnection() throws Exception {
        byte[] wrongCorrelation = frame(0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0);
        byte[] truncated = frame(0, 0, 0, 0, 0, 0, 0);
        byte[] empty = frame();
        byte[] oversize = ByteBuffer.allocate(4).putInt(1_001).array();
        byte[] negative = ByteBuffer.allocate(4).putInt(-5).array();
        for (byte[] answer : List.of(wrongCorrelation, truncated, empty, oversize, negative)) {
            assertThat(failure(askedOf(answer))).isEqualTo(PeerFailure.Reason.NOT_UNDERSTOOD);
        }
    }

    @Test
    void anAnswerThatNobodyAskedForEndsTheConnection() throws Exception {
        byte[] answer = frame(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        ByteBuffer twice = ByteBuffer.allocate(2 * answer.length).put(answer).put(answer);

        assertThat(get(askedOf(twice.array()))).isEqualTo(HeartbeatResponse.DEFAULT);
    }

    @Test
    void aClosedNetworkFailsWhatIsSent() throws Exception {
        try (ServerFixture fixture =
                new ServerFixture(NetworkLimits.DEFAULT, request -> request.answer(HeartbeatResponse.DEFAULT))) {
            EventLoops own = new EventLoops(1);
            PeerConnection peer =
                    get(new NetworkClient(own, LIMITS).connect("127.0.0.1", fixture.address.getPort(), "c"));
            own.close();

            assertThat(failure(heartbeat(peer))).isEqualTo(PeerFailure.Reason.CLOSED);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
