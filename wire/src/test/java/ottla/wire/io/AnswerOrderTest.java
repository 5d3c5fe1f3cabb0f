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

    @ParameterizedTest
    @EnumSource
    void answersGivenInAnyOrderLeaveInOrder(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            client.send(heartbeats(100));
            List<InboundRequest> requests = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                requests.add(inbox.take());
                assertThat(requests.get(i).correlationId()).isEqualTo(1000 + i);
            }

            Collections.shuffle(requests, new Random(1));
            requests.forEach(request -> request.answer(answer(request.correlationId() - 1000)));

            expectAnswers(client, 100);
        }
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
