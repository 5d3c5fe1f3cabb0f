package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ottla.wire.message.ApiKey;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.ProduceRequest;
import ottla.wire.message.ProduceRequest.PartitionProduceData;
import ottla.wire.message.ProduceRequest.TopicProduceData;
import ottla.wire.message.ProduceResponse;
import ottla.wire.primitive.Payload;

/** What is not answered or not taken is bounded: beyond it the socket is not read, and read again later. */
class BackPressureTest {
    private static final int VERSION = 12;

    /** Of produce requests many may wait on one connection. */
    private static ProduceRequest request(int sizeBytes) {
        PartitionProduceData data =
                PartitionProduceData.DEFAULT.withRecords(Payload.of(ByteBuffer.allocate(sizeBytes)));
        return ProduceRequest.DEFAULT.withTopicData(
                List.of(TopicProduceData.DEFAULT.withName("t").withPartitionData(List.of(data))));
    }

    /** Sends from a thread of its own, since nobody may be reading. */
    private static Thread send(RawClient client, int count, int sizeBytes) {
        return Thread.startVirtualThread(() -> {
            try {
                for (int i = 0; i < count; i++) {
                    client.send(ApiKey.PRODUCE, VERSION, i, request(sizeBytes));
                }
            } catch (IOException e) {
                // The test closed the connection, or misses an answer.
                return;
            }
        });
    }

    /** Answers everything, oldest first, never while more than {@code limit} wait. */
    private static void answerAll(ServerFixture fixture, ServerFixture.Inbox inbox, int count, int limit)
            throws InterruptedException {
        for (int i = 0; i < count; i++) {
            InboundRequest request = inbox.take();
            assertThat(request.correlationId()).isEqualTo(i);
            Await.turnOf(fixture.loop());
            assertThat(inbox.size() + 1).isLessThanOrEqualTo(limit);
            request.answer(ProduceResponse.DEFAULT);
        }
    }

    private static void expectAnswers(RawClient client, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            assertThat(client.read(ApiKey.PRODUCE, VERSION).correlationId()).isEqualTo(i);
        }
    }

    @ParameterizedTest
    @EnumSource
    void unansweredRequestsAreBoundedByCount(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        NetworkLimits limits = NetworkLimits.DEFAULT.withInFlightRequests(4);
        try (ServerFixture fixture = new ServerFixture(transport, limits, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            Thread sender = send(client, 100, 1_000);
            Await.until("the limit is reached", () -> inbox.size() == 4);

            answerAll(fixture, inbox, 100, 4);

            expectAnswers(client, 100);
            sender.join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void unansweredRequestsAreBoundedByBytes(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        NetworkLimits limits = NetworkLimits.DEFAULT.withInFlightBytes(3_000_000);
        try (ServerFixture fixture = new ServerFixture(transport, limits, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            Thread sender = send(client, 20, 1_000_000);
            Await.until("the limit is reached", () -> inbox.size() == 3);

            answerAll(fixture, inbox, 20, 3);

            expectAnswers(client, 20);
            sender.join();
        }
    }

    @Test
    void oneAtATimeIsPossible() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        NetworkLimits limits = NetworkLimits.DEFAULT.withInFlightRequests(1);
        try (ServerFixture fixture = new ServerFixture(limits, inbox);
                RawClient client = new RawClient(fixture.address)) {
            Thread sender = send(client, 50, 10);

            answerAll(fixture, inbox, 50, 1);

            expectAnswers(client, 50);
            sender.join();
        }
    }

    /** Large requests of all connections share memory; small ones of others come through all the same. */
    @Test
    void largeRequestsOfAllConnectionsAreBounded() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        NetworkLimits limits = NetworkLimits.DEFAULT.withTotalInFlightBytes(2_500_000);
        try (ServerFixture fixture = new ServerFixture(limits, inbox)) {
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                clients.add(new RawClient(fixture.address));
                Thread sender = send(clients.get(i), 1, 1_000_000);
                if (i < 2) {
                    int admitted = i + 1;
                    Await.until("the first two are admitted", () -> inbox.size() == admitted);
                    sender.join();
                }
            }
            Await.turnOf(fixture.loop());
            assertThat(inbox.size()).isEqualTo(2);

            InboundRequest first = inbox.take();
            InboundRequest second = inbox.take();
            try (RawClient small = new RawClient(fixture.address)) {
                small.send(ApiKey.PRODUCE, VERSION, 77, request(100));
                inbox.take().answer(ProduceResponse.DEFAULT);
                assertThat(small.read(ApiKey.PRODUCE, VERSION).correlationId()).isEqualTo(77);
            }
            // One that waits for memory goes away, which the others must not notice.
            clients.get(5).reset();
            first.answer(ProduceResponse.DEFAULT);
            second.releaseBody();
            for (int i = 0; i < 3; i++) {
                inbox.take().answer(ProduceResponse.DEFAULT);
            }
            second.answer(ProduceResponse.DEFAULT);

            for (int i = 0; i < 5; i++) {
                assertThat(clients.get(i).read(ApiKey.PRODUCE, VERSION).correlationId())
                        .isZero();
                clients.get(i).close();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatNeverReadsIsNotRead(EventLoops.Transport transport) throws Exception {
        CountedPayloads payloads = new CountedPayloads();
        int payloadBytes = 200_000;
        NetworkLimits limits = NetworkLimits.DEFAULT.withOutboundBytes(500_000);
        RequestHandler handler = request -> request.answer(CountedPayloads.fetched(payloads.payload(1, payloadBytes)));
        try (ServerFixture fixture = new ServerFixture(transport, limits, ServedApis.ALL, handler);
                RawClient client = new RawClient(fixture.address)) {
            int count = 400;
            ByteBuffer requests = ByteBuffer.allocate(count * 100);
            for (int i = 0; i < count; i++) {
                requests.put(RawClient.frame(ApiKey.FETCH, 16, i, "raw", FetchRequest.DEFAULT));
            }
            client.send(requests.flip());
            Await.until("answers wait", () -> payloads.heldBytes.get() >= limits.outboundBytes() / 2);
            Await.turnOf(fixture.loop());
            assertThat(payloads.made.get()).isLessThan(count);

            for (int i = 0; i < count; i++) {
                assertThat(client.read(ApiKey.FETCH, 16).correlationId()).isEqualTo(i);
            }

            assertThat(payloads.mostHeldBytes.get()).isLessThan(limits.outboundBytes() + 2L * payloadBytes);
            Await.until("every payload is released", () -> payloads.held.get() == 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsTakenBehindAFetchThatWaits(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            ByteBuffer together = ByteBuffer.allocate(1_000)
                    .put(RawClient.frame(ApiKey.FETCH, 16, 1, "raw", FetchRequest.DEFAULT))
                    .put(RawClient.frame(ApiKey.PRODUCE, VERSION, 2, "raw", request(10)))
                    .put(RawClient.frame(ApiKey.FETCH, 16, 3, "raw", FetchRequest.DEFAULT))
                    .flip();
            client.send(together);
            InboundRequest fetch = inbox.take();
            Await.turnOf(fixture.loop());
            assertThat(inbox.size()).isZero();

            fetch.answer(CountedPayloads.fetched());

            inbox.take().answer(ProduceResponse.DEFAULT);
            inbox.take().answer(CountedPayloads.fetched());
            assertThat(client.read(ApiKey.FETCH, 16).correlationId()).isEqualTo(1);
            assertThat(client.read(ApiKey.PRODUCE, VERSION).correlationId()).isEqualTo(2);
            assertThat(client.read(ApiKey.FETCH, 16).correlationId()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoeverIsHeldBackIsNotHeardAndOthersAre(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, inbox);
                RawClient quiet = new RawClient(fixture.address);
                RawClient other = new RawClient(fixture.address)) {
            quiet.send(ApiKey.FETCH, 16, 1, FetchRequest.DEFAULT);
            InboundRequest first = inbox.take();
            first.holdBack(600_000);
            // what ends earlier changes nothing
            first.holdBack(1);
            first.answer(CountedPayloads.fetched());
            assertThat(quiet.read(ApiKey.FETCH, 16).correlationId()).isEqualTo(1);

            quiet.send(ApiKey.PRODUCE, VERSION, 2, request(10));
            for (int i = 0; i < 10; i++) {
                other.send(ApiKey.FETCH, 16, 10 + i, FetchRequest.DEFAULT);
                InboundRequest request = inbox.take();
                assertThat(request.correlationId()).isEqualTo(10 + i);
                request.answer(CountedPayloads.fetched());
                assertThat(other.read(ApiKey.FETCH, 16).correlationId()).isEqualTo(10 + i);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoeverWasHeldBackIsHeardAfterwards(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            // two are there already, one comes later
            client.send(ByteBuffer.allocate(1_000)
                    .put(RawClient.frame(ApiKey.FETCH, 16, 1, "raw", FetchRequest.DEFAULT))
                    .put(RawClient.frame(ApiKey.PRODUCE, VERSION, 2, "raw", request(10)))
                    .flip());
            InboundRequest first = inbox.take();
            long heldNs = System.nanoTime();
            first.holdBack(50);
            first.answer(CountedPayloads.fetched());
            client.send(ApiKey.PRODUCE, VERSION, 3, request(10));

            InboundRequest second = inbox.take();
            assertThat(System.nanoTime() - heldNs).isGreaterThanOrEqualTo(50_000_000);
            assertThat(second.correlationId()).isEqualTo(2);
            second.answer(ProduceResponse.DEFAULT);
            inbox.take().answer(ProduceResponse.DEFAULT);
            assertThat(client.read(ApiKey.FETCH, 16).correlationId()).isEqualTo(1);
            assertThat(client.read(ApiKey.PRODUCE, VERSION).correlationId()).isEqualTo(2);
            assertThat(client.read(ApiKey.PRODUCE, VERSION).correlationId()).isEqualTo(3);
        }
    }

    /** Requests that were read but not yet admitted when the client said that it has no more to say. */
    @ParameterizedTest
    @EnumSource
    void whatWasSentBeforeTheEndIsAnswered(EventLoops.Transport transport) throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        NetworkLimits limits = NetworkLimits.DEFAULT.withInFlightRequests(4);
        try (ServerFixture fixture = new ServerFixture(transport, limits, ServedApis.ALL, inbox);
                RawClient client = new RawClient(fixture.address)) {
            send(client, 30, 100).join();
            client.socket().shutdownOutput();
            Await.until("the limit is reached", () -> inbox.size() == 4);

            answerAll(fixture, inbox, 30, 4);

            expectAnswers(client, 30);
            assertThat(client.isClosedByServer()).isTrue();
        }
    }
}
