package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ottla.replication.quorum.Effect;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.ClientSoftware;
import ottla.wire.io.EventLoops;
import ottla.wire.io.InboundRequest;
import ottla.wire.io.NetworkClient;
import ottla.wire.io.NetworkLimits;
import ottla.wire.io.NetworkListener;
import ottla.wire.io.NetworkServer;
import ottla.wire.io.PeerFailure;
import ottla.wire.io.PeerLimits;
import ottla.wire.io.ServedApis;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ApiVersionsResponse;
import ottla.wire.message.ApiVersionsResponse.ApiVersion;
import ottla.wire.message.Response;
import ottla.wire.message.VoteRequest;
import ottla.wire.message.VoteRequest.PartitionData;
import ottla.wire.message.VoteRequest.TopicData;
import ottla.wire.message.VoteResponse;
import ottla.wire.primitive.UnsupportedField;

/** The way to another node of the quorum: one that is older, silent, gone, or comes back. */
class PeerLinkTest {
    private static final long LONG_MS = 10_000;

    private final LinkedBlockingQueue<InboundRequest> arrived = new LinkedBlockingQueue<>();
    private EventLoops loops;
    private NetworkServer server;
    private int port;
    private int newestVote = ApiKey.VOTE.maxVersion();
    private NetworkPeers peers;

    @BeforeEach
    void start() throws Exception {
        loops = new EventLoops(1);
        server = new NetworkServer(loops, NetworkLimits.DEFAULT);
        port = open(0);
        peers = peers(LONG_MS);
    }

    @AfterEach
    void stop() throws Exception {
        peers.close();
        get(server.close(0));
        loops.close();
    }

    private int open(int atPort) throws Exception {
        return server.open(new NetworkListener("CONTROLLER", "127.0.0.1", atPort, ServedApis.ALL, this::serve))
                .getPort();
    }

    private NetworkPeers peers(long timeoutMs) {
        return new NetworkPeers(
                new NetworkClient(loops, PeerLimits.DEFAULT), new ClientSoftware("ottla", "test"), "raft", timeoutMs);
    }

    private void serve(InboundRequest request) {
        if (request.api() == ApiKey.API_VERSIONS) {
            var unused = request.readMessage();
            request.answer(ApiVersionsResponse.DEFAULT.withApiKeys(
                    List.of(new ApiVersion(ApiKey.VOTE.id(), (short) 0, (short) newestVote))));
        } else {
            arrived.add(request);
        }
    }

    private InboundRequest take() throws InterruptedException {
        InboundRequest request = arrived.poll(LONG_MS, TimeUnit.MILLISECONDS);
        assertThat(request).isNotNull();
        return Objects.requireNonNull(request);
    }

    private CompletionStage<Response> ask(VoteRequest vote) {
        return peers.send(new Effect.Peer(OptionalInt.of(2), new Endpoint("127.0.0.1", port)), vote);
    }

    private static VoteRequest vote(boolean before) {
        return VoteRequest.DEFAULT.withTopics(
                List.of(new TopicData("m", List.of(PartitionData.DEFAULT.withPreVote(before)))));
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LONG_MS, TimeUnit.MILLISECONDS);
    }

    private static Throwable failure(CompletionStage<?> stage) {
        Throwable thrown = catchThrowable(() -> get(stage));
        assertThat(thrown).isInstanceOf(ExecutionException.class);
        return Objects.requireNonNull(thrown.getCause());
    }

    @Test
    void oneConnectionServesAllRequests() throws Exception {
        CompletionStage<Response> first = ask(vote(false));
        InboundRequest one = take();
        one.answer(VoteResponse.DEFAULT);
        assertThat(get(first)).isEqualTo(VoteResponse.DEFAULT);

        CompletionStage<Response> second = ask(vote(false));
        InboundRequest two = take();
        two.answer(VoteResponse.DEFAULT);

        assertThat(get(second)).isEqualTo(VoteResponse.DEFAULT);
        assertThat(two.connection()).isSameAs(one.connection());
        assertThat(two.version()).isEqualTo(ApiKey.VOTE.maxVersion());
        assertThat(two.clientId()).isEqualTo("raft");
    }

    @Test
    void anOlderPeerIsAskedInItsOwnVersionIfThatCanCarryTheRequest() throws Exception {
        newestVote = 1;

        CompletionStage<Response> plain = ask(vote(false));
        InboundRequest asked = take();
        asked.answer(VoteResponse.DEFAULT);

        assertThat(asked.version()).isEqualTo(1);
        assertThat(get(plain)).isEqualTo(VoteResponse.DEFAULT);
        // the question before an election came with version 2
        assertThat(failure(ask(vote(true)))).isInstanceOf(UnsupportedField.class);
    }

    @Test
    void whoIsSilentFailsInTimeAndIsReachedAgainLater() throws Exception {
        peers = peers(200);
        CompletionStage<Response> silent = ask(vote(false));
        InboundRequest unanswered = take();
        assertThat(failure(silent)).hasMessageContaining("in time");
        unanswered.answerNothing();

        peers.close();
        peers = peers(LONG_MS);
        CompletionStage<Response> again = ask(vote(false));
        take().answer(VoteResponse.DEFAULT);
        assertThat(get(again)).isEqualTo(VoteResponse.DEFAULT);
    }

    @Test
    void whoIsGoneIsReachedAgainWhenItIsBack() throws Exception {
        CompletionStage<Response> before = ask(vote(false));
        take().answer(VoteResponse.DEFAULT);
        get(before);

        get(server.close(0));
        // the first may still go to the connection that is closing
        assertThat(List.of(failure(ask(vote(false))), failure(ask(vote(false)))))
                .anyMatch(
                        failure -> failure instanceof PeerFailure peer && peer.reason() == PeerFailure.Reason.REFUSED);
        server = new NetworkServer(loops, NetworkLimits.DEFAULT);
        assertThat(open(port)).isEqualTo(port);

        Response back = null;
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LONG_MS);
        while (back == null && System.nanoTime() < deadlineNs) {
            CompletionStage<Response> again = ask(vote(false));
            InboundRequest request = arrived.poll(20, TimeUnit.MILLISECONDS);
            if (request != null) {
                request.answer(VoteResponse.DEFAULT);
                back = get(again);
            } else {
                assertThat(failure(again)).isNotNull();
            }
        }
        assertThat(back).isEqualTo(VoteResponse.DEFAULT);
    }

    @Test
    void nothingIsSentAfterTheEnd() {
        peers.close();
        PeerLink link = new PeerLink(
                new NetworkClient(loops, PeerLimits.DEFAULT),
                new ClientSoftware("ottla", "test"),
                "raft",
                new Endpoint("127.0.0.1", port));
        link.close();

        assertThat(failure(link.send(vote(false), LONG_MS))).hasMessageContaining("no connection");
        assertThat(arrived).isEmpty();
    }
}
