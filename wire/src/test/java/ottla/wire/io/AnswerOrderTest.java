package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ottla.wire.message.ApiKey;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.HeartbeatResponse;
import ottla.wire.message.ProduceRequest;
import ottla.wire.message.ProduceResponse;
import ottla.wire.message.SaslAuthenticateRequest;
import ottla.wire.message.SaslAuthenticateResponse;

/** Requests come in order, answers leave in order, however they are given. */
class AnswerOrderTest {
    private static final int VERSION = 4;

    private static HeartbeatRequest heartbeat(int generation) {
        return HeartbeatRequest.DEFAULT.withGroupId("g").withMemberId("m").withGenerationId(generation);
    }

    private static HeartbeatResponse answer(int throttle) {
        return HeartbeatResponse.DEFAULT.withThrottleTimeMs(throttle);
    }

    private static ByteBuffer heartbeats(int count) {
        ByteBuffer all = ByteBuffer.allocate(count * 64);
        for (int i = 0; i < count; i++) {
            all.put(RawClient.frame(ApiKey.HEARTBEAT, VERSION, 1000 + i, "raw", heartbeat(i)));
        }
        return all.flip();
    }

    private static void expectAnswers(RawClient client, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            RawClient.Answer answer = client.read(ApiKey.HEARTBEAT, VERSION);
            assertThat(answer.correlationId()).isEqualTo(1000 + i);
            assertThat(answer.response()).isEqualTo(answer(i));
        }
    }

    @ParameterizedTest
    @EnumSource
    void pipelinedRequestsAreAnsweredAtOnce(EventLoops.Transport transport) throws Exception {
        RequestHandler handler = request -> {
            HeartbeatRequest message = (HeartbeatRequest) request.readMessage();
            assertThat(request.clientId()).isEqualTo("raw");
            request.answer(answer(message.generationId()));
        };
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, handler);
                RawClient client = new RawClient(fixture.address)) {
            client.send(heartbeats(5_000));

            expectAnswers(client, 5_000);
        }
    }

    /** Only produce requests wait together. */
    @ParameterizedTest
    @EnumSource
    void answersGivenInAnyOrderLeaveInOrder(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            ByteBuffer all = ByteBuffer.allocate(100 * 64);
            for (int i = 0; i < 100; i++) {
                all.put(RawClient.frame(ApiKey.PRODUCE, 9, i, "raw", ProduceRequest.DEFAULT));
            }
            client.send(all.flip());
            List<InboundRequest> requests = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                requests.add(inbox.take());
                assertThat(requests.get(i).correlationId()).isEqualTo(i);
            }

            Collections.shuffle(requests, new Random(1));
            requests.forEach(
                    request -> request.answer(ProduceResponse.DEFAULT.withThrottleTimeMs(request.correlationId())));

            for (int i = 0; i < 100; i++) {
                RawClient.Answer answer = client.read(ApiKey.PRODUCE, 9);
                assertThat(answer.correlationId()).isEqualTo(i);
                assertThat(answer.response()).isEqualTo(ProduceResponse.DEFAULT.withThrottleTimeMs(i));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRequestIsHandledAfterTheOneBeforeItWasAnswered(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            client.send(heartbeats(3));
            for (int i = 0; i < 3; i++) {
                InboundRequest request = inbox.take();
                Await.turnOf(fixture.loop());
                assertThat(inbox.size()).isZero();
                request.answer(answer(i));
            }

            expectAnswers(client, 3);
        }
    }

    /** Behind produce requests that wait comes a request that must see what they did, and behind it another of them. */
    @ParameterizedTest
    @EnumSource
    void otherRequestsWaitForProduceRequests(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            client.send(producesAroundAHeartbeat());
            InboundRequest first = inbox.take();
            InboundRequest second = inbox.take();
            second.answer(ProduceResponse.DEFAULT);
            Await.turnOf(fixture.loop());
            assertThat(inbox.size()).isZero();

            first.answer(ProduceResponse.DEFAULT);
            InboundRequest heartbeat = inbox.take();
            assertThat(heartbeat.api()).isEqualTo(ApiKey.HEARTBEAT);
            Await.turnOf(fixture.loop());
            assertThat(inbox.size()).isZero();
            heartbeat.answer(answer(0));
            inbox.take().answer(ProduceResponse.DEFAULT);

            assertThat(client.read(ApiKey.PRODUCE, 9).correlationId()).isEqualTo(1);
            assertThat(client.read(ApiKey.PRODUCE, 9).correlationId()).isEqualTo(2);
            assertThat(client.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(3);
            assertThat(client.read(ApiKey.PRODUCE, 9).correlationId()).isEqualTo(4);
        }
    }

    /** A request that waits for its turn is never handled, and its memory given back (which the fixture checks). */
    @ParameterizedTest
    @EnumSource
    void aRequestWhoseTurnNeverComesIsDropped(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            client.send(producesAroundAHeartbeat());
            InboundRequest first = inbox.take();
            InboundRequest second = inbox.take();

            first.close("for the test");

            assertThat(client.isClosedByServer()).isTrue();
            second.answer(ProduceResponse.DEFAULT);
            Await.until("the connection is gone", () -> fixture.server.connectionCount() == 0);
            assertThat(inbox.size()).isZero();
        }
    }

    private static ByteBuffer producesAroundAHeartbeat() {
        return ByteBuffer.allocate(400)
                .put(RawClient.frame(ApiKey.PRODUCE, 9, 1, "raw", ProduceRequest.DEFAULT))
                .put(RawClient.frame(ApiKey.PRODUCE, 9, 2, "raw", ProduceRequest.DEFAULT))
                .put(RawClient.frame(ApiKey.HEARTBEAT, VERSION, 3, "raw", heartbeat(0)))
                .put(RawClient.frame(ApiKey.PRODUCE, 9, 4, "raw", ProduceRequest.DEFAULT))
                .flip();
    }

    @ParameterizedTest
    @EnumSource
    void answersMayComeFromManyThreads(EventLoops.Transport transport) throws Exception {
        try (var threads = Executors.newFixedThreadPool(4)) {
            RequestHandler handler =
                    request -> threads.execute(() -> request.answer(answer(request.correlationId() - 1000)));
            try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, handler);
                    RawClient client = new RawClient(fixture.address)) {
                client.send(heartbeats(5_000));

                expectAnswers(client, 5_000);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRequestWithoutAnswerLeavesNoGap(EventLoops.Transport transport) throws Exception {
        RequestHandler handler = request -> {
            if (request.api() == ApiKey.PRODUCE) {
                request.answerNothing();
            } else {
                request.answer(answer(0));
            }
        };
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, handler);
                RawClient client = new RawClient(fixture.address)) {
            client.send(ApiKey.PRODUCE, 9, 1, ProduceRequest.DEFAULT);
            client.send(ApiKey.HEARTBEAT, VERSION, 2, heartbeat(0));
            client.send(ApiKey.PRODUCE, 9, 3, ProduceRequest.DEFAULT);
            client.send(ApiKey.HEARTBEAT, VERSION, 4, heartbeat(0));

            assertThat(client.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(2);
            assertThat(client.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(4);
        }
    }

    /** Sizes around the read buffer, the first memory of a frame, and more. */
    @ParameterizedTest
    @EnumSource
    void largeRequestsComeWhole(EventLoops.Transport transport) throws Exception {
        RequestHandler handler = request -> {
            SaslAuthenticateRequest message = (SaslAuthenticateRequest) request.readMessage();
            request.answer(SaslAuthenticateResponse.DEFAULT.withAuthBytes(message.authBytes()));
        };
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, handler);
                RawClient client = new RawClient(fixture.address)) {
            Random random = new Random(2);
            for (int size : new int[] {0, 1, 65_000, 65_536, 66_000, 1_000_000, 2_097_152, 9_000_000}) {
                byte[] content = new byte[size];
                random.nextBytes(content);

                SaslAuthenticateRequest request =
                        SaslAuthenticateRequest.DEFAULT.withAuthBytes(ByteBuffer.wrap(content));
                client.send(ApiKey.SASL_AUTHENTICATE, 2, size, request);

                RawClient.Answer answer = client.read(ApiKey.SASL_AUTHENTICATE, 2);
                assertThat(answer.correlationId()).isEqualTo(size);
                assertThat(((SaslAuthenticateResponse) answer.response()).authBytes())
                        .isEqualTo(ByteBuffer.wrap(content));
            }
        }
    }
}
