package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ottla.wire.message.ApiKey;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchResponse;
import ottla.wire.message.ProduceRequest;
import ottla.wire.primitive.Payload;

/** A payload is released once: after the socket took it, or when it is clear that it never will. */
class PayloadReleaseTest {
    private static final int VERSION = 16;

    /** Only produce requests wait together on one connection. They are answered here with what a fetch of this version gets. */
    private static final int PRODUCE_VERSION = 12;

    private final CountedPayloads payloads = new CountedPayloads();

    private void expectAllReleased() {
        Await.until("every payload is released", () -> payloads.held.get() == 0);
        assertThat(payloads.releasedTwice).hasValue(0);
        assertThat(payloads.made.get()).isPositive();
    }

    @ParameterizedTest
    @EnumSource
    void sentPayloadsArriveAndAreReleased(EventLoops.Transport transport) throws Exception {
        RequestHandler handler = request -> request.answer(CountedPayloads.fetched(
                payloads.payload(1, 100), payloads.payload(7, 5_000), payloads.payload(1, 600_000)));
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, handler);
                RawClient client = new RawClient(fixture.address)) {
            for (int i = 0; i < 10; i++) {
                client.send(ApiKey.FETCH, VERSION, i, FetchRequest.DEFAULT);
            }

            for (int i = 0; i < 10; i++) {
                RawClient.Answer answer = client.read(ApiKey.FETCH, VERSION);
                assertThat(answer.correlationId()).isEqualTo(i);
                List<FetchResponse.PartitionData> partitions =
                        ((FetchResponse) answer.response()).responses().get(0).partitions();
                CountedPayloads same = new CountedPayloads();
                expectSame(partitions.get(0), same.payload(1, 100));
                expectSame(partitions.get(1), same.payload(7, 5_000));
                expectSame(partitions.get(2), same.payload(1, 600_000));
            }
            expectAllReleased();
        }
    }

    /** Sent by the system from the file, in more than one go, between frames of its own. */
    @ParameterizedTest
    @EnumSource
    void payloadsInFilesArriveAndAreReleased(EventLoops.Transport transport, @TempDir Path directory) throws Exception {
        RequestHandler handler = request -> {
            try {
                request.answer(CountedPayloads.fetched(
                        payloads.inFile(directory, 5_000),
                        payloads.payload(1, 3_000),
                        payloads.inFile(directory, 5_000_000)));
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        };
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, handler);
                RawClient client = new RawClient(fixture.address)) {
            for (int i = 0; i < 4; i++) {
                client.send(ApiKey.FETCH, VERSION, i, FetchRequest.DEFAULT);
            }
            for (int i = 0; i < 4; i++) {
                List<FetchResponse.PartitionData> partitions = ((FetchResponse)
                                client.read(ApiKey.FETCH, VERSION).response())
                        .responses()
                        .get(0)
                        .partitions();
                CountedPayloads same = new CountedPayloads();
                expectSame(partitions.get(0), same.payload(1, 5_000));
                expectSame(partitions.get(1), same.payload(1, 3_000));
                expectSame(partitions.get(2), same.payload(1, 5_000_000));
            }
            expectAllReleased();
        }
    }

    /** They count as memory would: a client that asks and does not read must not have any number of them held. */
    @ParameterizedTest
    @EnumSource
    void filesThatAreNotReadStopTheReadingOfRequests(EventLoops.Transport transport, @TempDir Path directory)
            throws Exception {
        int sizeBytes = 3_000_000;
        RequestHandler handler = request -> {
            try {
                request.answer(CountedPayloads.fetched(payloads.inFile(directory, sizeBytes)));
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        };
        try (ServerFixture fixture = new ServerFixture(transport, NetworkLimits.DEFAULT, ServedApis.ALL, handler);
                RawClient client = new RawClient(fixture.address)) {
            for (int i = 0; i < 20; i++) {
                client.send(ApiKey.FETCH, VERSION, i, FetchRequest.DEFAULT);
            }
            for (int i = 0; i < 20; i++) {
                client.readFrame();
            }
            expectAllReleased();
            assertThat(payloads.mostHeldBytes.get()).isLessThan(NetworkLimits.DEFAULT.outboundBytes() + 2L * sizeBytes);
        }
    }

    private static void expectSame(FetchResponse.PartitionData partition, Payload expected) {
        Payload records = Objects.requireNonNull(partition.records());
        assertThat(records.contiguous()).isEqualTo(expected.contiguous());
    }

    @Test
    void payloadsOfAClientThatNeverReadsAreReleasedWhenItGoes() throws Exception {
        RequestHandler handler = request -> request.answer(CountedPayloads.fetched(payloads.payload(4, 500_000)));
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, handler);
                RawClient client = new RawClient(fixture.address)) {
            for (int i = 0; i < 20; i++) {
                client.send(ApiKey.FETCH, VERSION, i, FetchRequest.DEFAULT);
            }
            Await.until("the socket is full", () -> payloads.held.get() > 0);

            client.reset();

            Await.until("the connection is gone", () -> fixture.server.connectionCount() == 0);
            expectAllReleased();
        }
    }

    /** Answers that are given after the connection closed, in its loop and elsewhere, and one that still waits for its turn. */
    @Test
    void answersToAClosedConnectionAreReleasedUnsent() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox)) {
            InboundRequest first;
            InboundRequest second;
            InboundRequest third;
            try (RawClient client = new RawClient(fixture.address)) {
                for (int i = 0; i < 3; i++) {
                    client.send(ApiKey.PRODUCE, PRODUCE_VERSION, i, ProduceRequest.DEFAULT);
                }
                first = inbox.take();
                second = inbox.take();
                third = inbox.take();
                third.answer(CountedPayloads.fetched(payloads.payload(2, 9_000)));
                client.reset();
            }
            Await.until("the connection is gone", () -> fixture.server.connectionCount() == 0);
            assertThat(first.connection().isOpen()).isFalse();

            first.answer(CountedPayloads.fetched(payloads.payload(2, 9_000)));
            CountDownLatch answered = new CountDownLatch(1);
            fixture.loop().execute(() -> {
                second.answer(CountedPayloads.fetched(payloads.payload(2, 9_000), payloads.payload(1, 10)));
                answered.countDown();
            });

            assertThat(answered.await(10, TimeUnit.SECONDS)).isTrue();
            expectAllReleased();
        }
    }

    @Test
    void answersAfterTheLoopsHaveEndedAreReleased() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        InboundRequest request;
        EventLoops loops = new EventLoops(1);
        NetworkServer server = new NetworkServer(loops, NetworkLimits.DEFAULT);
        try (RawClient client =
                new RawClient(server.open(new NetworkListener("P", "127.0.0.1", 0, ServedApis.ALL, inbox)))) {
            client.send(ApiKey.FETCH, VERSION, 1, FetchRequest.DEFAULT);
            request = inbox.take();
            server.close(0).toCompletableFuture().get(10, TimeUnit.SECONDS);
            loops.close();
        }

        request.answer(CountedPayloads.fetched(payloads.payload(2, 9_000)));

        expectAllReleased();
    }

    @Test
    void closingARequestDropsTheAnswersBehindIt() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox);
                RawClient client = new RawClient(fixture.address)) {
            for (int i = 0; i < 4; i++) {
                client.send(ApiKey.PRODUCE, PRODUCE_VERSION, i, ProduceRequest.DEFAULT);
            }
            InboundRequest first = inbox.take();
            InboundRequest second = inbox.take();
            InboundRequest third = inbox.take();
            InboundRequest fourth = inbox.take();

            third.answer(CountedPayloads.fetched(payloads.payload(1, 9_000)));
            second.close("for the test");
            first.answer(CountedPayloads.fetched(payloads.payload(1, 9_000)));

            assertThat(client.read(ApiKey.FETCH, PRODUCE_VERSION).correlationId())
                    .isZero();
            assertThat(client.isClosedByServer()).isTrue();
            fourth.answer(CountedPayloads.fetched(payloads.payload(1, 9_000)));
            expectAllReleased();
        }
    }
}
