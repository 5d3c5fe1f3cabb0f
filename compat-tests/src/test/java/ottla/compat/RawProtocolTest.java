package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** What a broker does with requests that no client of its time would send. */
@OnEachBroker
class RawProtocolTest {
    private final BrokerProcess broker;

    RawProtocolTest(BrokerProcess broker) {
        this.broker = broker;
    }

    @Test
    void aFutureApiVersionsRequestIsAnsweredInVersionZero() throws IOException {
        try (RawConnection connection = new RawConnection(broker.port())) {
            // the header of an unknown version is taken to be flexible: no tags, then a body that nobody can read
            connection.sendBytes(frame(ApiKeys.API_VERSIONS.id, (short) 99, 7, new byte[] {0, 1, 2, 3}));

            ByteBuffer answer = connection.receiveBytes();

            assertThat(answer.getInt()).isEqualTo(7);
            ApiVersionsResponseData versions = new ApiVersionsResponseData(new ByteBufferAccessor(answer), (short) 0);
            assertThat(versions.errorCode()).isEqualTo(Errors.UNSUPPORTED_VERSION.code());
            assertThat(versions.apiKeys().find(ApiKeys.API_VERSIONS.id).maxVersion())
                    .isEqualTo((short) 4);
            assertThat(connection.isUsable()).isTrue();
        }
    }

    @Test
    void anUnknownVersionClosesTheConnection() throws IOException {
        assertCloses(frame(ApiKeys.METADATA.id, (short) 99, 1, new byte[0]));
    }

    @Test
    void anUnknownApiClosesTheConnection() throws IOException {
        assertCloses(frame((short) 9999, (short) 0, 1, new byte[0]));
    }

    @Test
    void aBodyThatIsNotOneClosesTheConnection() throws IOException {
        assertCloses(frame(ApiKeys.METADATA.id, (short) 1, 1, new byte[] {127, 127, 127, 127, 0}));
    }

    @Test
    void aFrameOfNegativeLengthClosesTheConnection() throws IOException {
        assertCloses(ByteBuffer.allocate(4).putInt(-5).flip());
    }

    @Test
    void aFrameLongerThanAllowedClosesTheConnection() throws IOException {
        assertCloses(ByteBuffer.allocate(4).putInt(Integer.MAX_VALUE).flip());
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws IOException {
        try (RawConnection connection = new RawConnection(broker.port())) {
            RawConnection.Sent[] sent = new RawConnection.Sent[50];
            for (int i = 0; i < sent.length; i++) {
                sent[i] = connection.send(ApiKeys.METADATA, i % 13, new MetadataRequestData());
            }
            for (RawConnection.Sent each : sent) {
                assertThat(((MetadataResponseData) connection.receive(each)).brokers())
                        .hasSize(1);
            }
        }
    }

    private void assertCloses(ByteBuffer bytes) throws IOException {
        try (RawConnection connection = new RawConnection(broker.port())) {
            connection.sendBytes(bytes);

            // an end of the stream or a reset: both are a closed connection, a late answer would be neither
            assertThatThrownBy(connection::receiveBytes)
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(SocketTimeoutException.class);
        }
        try (RawConnection next = new RawConnection(broker.port())) {
            assertThat(next.isUsable()).isTrue();
        }
    }

    private static ByteBuffer frame(short api, short version, int correlationId, byte[] body) {
        ByteBuffer frame = ByteBuffer.allocate(4 + 2 + 2 + 4 + 2 + body.length);
        frame.putInt(frame.capacity() - 4).putShort(api).putShort(version).putInt(correlationId);
        return frame.putShort((short) -1).put(body).flip();
    }
}
