package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;
import org.junit.jupiter.api.Test;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/** Kafka's own classes write the headers that the server reads, and read those that it writes, for every API and version. */
class KafkaHeaderTest {
    private static ByteBuffer frame(ApiKeys api, short version, String clientId, int correlationId) {
        RequestHeader header = new RequestHeader(api, version, clientId, correlationId);
        ByteBuffer head = MessageUtil.toByteBufferAccessor(header.data(), header.headerVersion())
                .buffer();
        ByteBuffer body = MessageUtil.toByteBufferAccessor(api.messageType.newRequest(), version)
                .buffer();
        int sizeBytes = head.remaining() + body.remaining();
        return ByteBuffer.allocate(Integer.BYTES + sizeBytes)
                .putInt(sizeBytes)
                .put(head)
                .put(body)
                .flip();
    }

    @Test
    void everyHeaderIsUnderstoodBothWays() throws Exception {
        ServerFixture.Inbox inbox = new ServerFixture.Inbox();
        try (ServerFixture fixture = new ServerFixture(NetworkLimits.DEFAULT, inbox);
                RawClient client = new RawClient(fixture.address)) {
            int correlationId = 100;
            for (ApiKeys api : ApiKeys.values()) {
                if (!api.hasValidVersion()) {
                    continue;
                }
                for (short version = api.oldestVersion(); version <= api.latestVersion(); version++) {
                    String clientId = correlationId % 3 == 0 ? "" : "client-" + correlationId % 5;
                    client.send(frame(api, version, clientId, ++correlationId));

                    InboundRequest request = inbox.take();
                    assertThat(request.api().id()).isEqualTo(api.id);
                    assertThat(request.version()).isEqualTo(version);
                    assertThat(request.correlationId()).isEqualTo(correlationId);
                    assertThat(request.clientId()).isEqualTo(clientId);
                    expectBody(request, api, version);
                    ResponseHeader header = answer(request, client);
                    assertThat(header.correlationId()).isEqualTo(correlationId);
                }
            }
            assertThat(correlationId).isGreaterThan(400);
        }
    }

    private static void expectBody(InboundRequest request, ApiKeys api, short version) {
        Request message = request.api().readRequest(request.body(), version);
        assertThat(request.body().remaining()).isZero();
        Writer again = new Writer(64);
        message.write(again, version);
        assertThat(again.toBuffer())
                .isEqualTo(MessageUtil.toByteBufferAccessor(api.messageType.newRequest(), version)
                        .buffer());
    }

    /** Answers with what Kafka would say by default, and reads header and body as a Kafka client does. */
    private static ResponseHeader answer(InboundRequest request, RawClient client) throws Exception {
        ApiKey api = request.api();
        ApiKeys theirs = ApiKeys.forId(api.id());
        short version = (short) request.version();
        ByteBuffer body = MessageUtil.toByteBufferAccessor(theirs.messageType.newResponse(), version)
                .buffer();
        request.answer(api.readResponse(new Reader(body.duplicate()), version));
        ByteBuffer answer = client.readFrame();
        ResponseHeader header = ResponseHeader.parse(answer, theirs.responseHeaderVersion(version));
        assertThat(new ByteBufferAccessor(answer).remaining()).isEqualTo(body.remaining());
        return header;
    }
}
