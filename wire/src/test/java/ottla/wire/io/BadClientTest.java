package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ApiVersionsRequest;
import ottla.wire.message.ApiVersionsResponse;
import ottla.wire.message.HeartbeatRequest;
import ottla.wire.message.HeartbeatResponse;
import ottla.wire.message.MetadataRequest;
import ottla.wire.message.SaslAuthenticateRequest;

/** What no honest client sends closes its connection, after what is owed to it, and no other connection notices. */
class BadClientTest {
    private static final int VERSION = 4;

    private ServerFixture fixture;
    private RawClient bystander;
    private RawClient client;

    @BeforeEach
    void connect() throws IOException {
        NetworkLimits limits = NetworkLimits.DEFAULT.withRequestMaxBytes(1000);
        ServedApis served =
                (api, version) -> ServedApis.ALL.serves(api, version) && api != ApiKey.METADATA && api != ApiKey.VOTE;
        fixture = new ServerFixture(EventLoops.Transport.best(), limits, served, BadClientTest::serve);
        bystander = new RawClient(fixture.address);
        client = new RawClient(fixture.address);
    }

    private static void serve(InboundRequest request) {
        if (request.isUnsupportedVersion()) {
            request.answer(ApiVersionsResponse.DEFAULT.withErrorCode(ErrorCode.UNSUPPORTED_VERSION.code()));
            return;
        }
        Object message = request.readMessage();
        if (message instanceof SaslAuthenticateRequest) {
            throw new IllegalStateException("the handler fails");
        }
        request.answer(message instanceof HeartbeatRequest ? HeartbeatResponse.DEFAULT : ApiVersionsResponse.DEFAULT);
    }

    @AfterEach
    void nobodyElseNoticed() throws IOException {
        bystander.send(ApiKey.HEARTBEAT, VERSION, 9, HeartbeatRequest.DEFAULT);
        assertThat(bystander.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(9);
        bystander.close();
        client.close();
        fixture.close();
    }

    private static ByteBuffer bytes(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Integer.BYTES);
        for (int value : values) {
            buffer.putInt(value);
        }
        return buffer.flip();
    }

    private void expectClosed(ByteBuffer afterAGoodRequest) throws IOException {
        client.send(ApiKey.HEARTBEAT, VERSION, 5, HeartbeatRequest.DEFAULT);
        client.send(afterAGoodRequest);
        assertThat(client.read(ApiKey.HEARTBEAT, VERSION).correlationId()).isEqualTo(5);
        assertThat(client.isClosedByServer()).isTrue();
    }

    @Test
    void negativeSize() throws IOException {
        expectClosed(bytes(-1, 0));
    }

    @Test
    void oversize() throws IOException {
        expectClosed(bytes(1001));
    }

    @Test
    void noHeader() throws IOException {
        expectClosed(bytes(0));
        client = new RawClient(fixture.address);
        expectClosed(bytes(8, 0x0012_0000, 0));
    }

    @Test
    void aClientIdLongerThanItsRequest() throws IOException {
        expectClosed(ByteBuffer.allocate(14)
                .putInt(10)
                .putShort((short) 18)
                .putShort((short) 0)
                .putInt(1)
                .putShort((short) 1)
                .flip());
    }

    @Test
    void brokenTagsInTheHeader() throws IOException {
        expectClosed(ByteBuffer.allocate(16)
                .putInt(12)
                .putShort(ApiKey.HEARTBEAT.id())
                .putShort((short) 4)
                .putInt(1)
                .putShort((short) 0)
                .put((byte) 1)
                .put((byte) 7)
                .flip());
    }

    @Test
    void unknownApi() throws IOException {
        for (int key : new int[] {4, 1000, -1, Short.MIN_VALUE, Short.MAX_VALUE}) {
            expectClosed(bytes(10, key << 16, 1, 0).limit(14));
            client.close();
            client = new RawClient(fixture.address);
        }
    }

    @Test
    void unservedApi() throws IOException {
        expectClosed(RawClient.frame(ApiKey.METADATA, 12, 1, "raw", MetadataRequest.DEFAULT));
    }

    @Test
    void unservedVersion() throws IOException {
        ByteBuffer frame = RawClient.frame(ApiKey.HEARTBEAT, VERSION, 1, "raw", HeartbeatRequest.DEFAULT);
        expectClosed(frame.putShort(6, (short) 99));
    }

    @Test
    void anotherProtocol() throws IOException {
        expectClosed(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void unreadableBody() throws IOException {
        ByteBuffer frame = RawClient.frame(ApiKey.HEARTBEAT, VERSION, 1, "raw", HeartbeatRequest.DEFAULT);
        frame.put(frame.limit() - 3, (byte) 0x7f);
        expectClosed(frame);
    }

    @Test
    void aFailingHandler() throws IOException {
        expectClosed(RawClient.frame(ApiKey.SASL_AUTHENTICATE, 2, 1, "raw", SaslAuthenticateRequest.DEFAULT));
    }

    @Test
    void randomBytes() throws IOException {
        Random random = new Random(3);
        for (int i = 0; i < 300; i++) {
            ByteBuffer garbage = ByteBuffer.allocate(4 + random.nextInt(200));
            random.nextBytes(garbage.array());
            garbage.putInt(0, garbage.limit() - 4);
            client.send(garbage);
            client.socket().shutdownOutput();
            assertThat(client.isClosedByServer()).isTrue();
            client.close();
            client = new RawClient(fixture.address);
        }
    }

    @Test
    void halfAFrame() throws IOException {
        client.send(bytes(100, 1, 2, 3));
        client.socket().shutdownOutput();

        assertThat(client.isClosedByServer()).isTrue();
    }

    /** KIP-511: the client cannot know what the server knows, so it gets an answer that every version can read. */
    @Test
    void anUnknownVersionOfApiVersionsIsAnswered() throws IOException {
        for (int version : new int[] {99, -1, Short.MAX_VALUE}) {
            ByteBuffer frame = ByteBuffer.allocate(18)
                    .putInt(14)
                    .putShort((short) 18)
                    .putShort((short) version)
                    .putInt(3)
                    .putShort((short) 0)
                    .putInt(0x00ff_ffff)
                    .flip();

            RawClient.Answer answer = client.send(frame).read(ApiKey.API_VERSIONS, 0);

            assertThat(answer.correlationId()).isEqualTo(3);
            assertThat(((ApiVersionsResponse) answer.response()).errorCode())
                    .isEqualTo(ErrorCode.UNSUPPORTED_VERSION.code());
        }
        client.send(ApiKey.API_VERSIONS, 3, 4, ApiVersionsRequest.DEFAULT);
        assertThat(client.read(ApiKey.API_VERSIONS, 3).correlationId()).isEqualTo(4);
    }
}
