package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchResponseData;
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

    /** Each request is handled when the one before it was answered, so each sees what that one did. */
    @Test
    void aPipelinedRequestSeesWhatTheOneBeforeItDid() throws Exception {
        Clients.of(broker).createTopic("seen", 1);
        awaitCoordinator();
        try (RawConnection connection = new RawConnection(broker.port())) {
            for (int i = 0; i < 50; i++) {
                RawConnection.Sent commit = connection.send(ApiKeys.OFFSET_COMMIT, 8, commit(i));
                RawConnection.Sent fetch = connection.send(ApiKeys.OFFSET_FETCH, 7, fetchCommitted());

                OffsetCommitResponseData committed = (OffsetCommitResponseData) connection.receive(commit);
                OffsetFetchResponseData fetched = (OffsetFetchResponseData) connection.receive(fetch);

                assertThat(committed.topics().getFirst().partitions().getFirst().errorCode())
                        .isEqualTo(Errors.NONE.code());
                assertThat(fetched.topics().getFirst().partitions().getFirst().committedOffset())
                        .isEqualTo(i);
            }
        }
    }

    @Test
    void aTopicIsThereForTheSecondOfTwoPipelinedRequests() throws IOException {
        try (RawConnection connection = new RawConnection(broker.port())) {
            CreatableTopic topic =
                    new CreatableTopic().setName("piped").setNumPartitions(1).setReplicationFactor((short) 1);
            CreateTopicsRequestData create = new CreateTopicsRequestData().setTimeoutMs(10_000);
            create.topics().add(topic);
            RawConnection.Sent created = connection.send(ApiKeys.CREATE_TOPICS, 7, create);
            RawConnection.Sent again = connection.send(ApiKeys.CREATE_TOPICS, 7, create);

            assertThat(((CreateTopicsResponseData) connection.receive(created))
                            .topics()
                            .valuesList())
                    .extracting(CreateTopicsResponseData.CreatableTopicResult::errorCode)
                    .containsExactly(Errors.NONE.code());
            assertThat(((CreateTopicsResponseData) connection.receive(again))
                            .topics()
                            .valuesList())
                    .extracting(CreateTopicsResponseData.CreatableTopicResult::errorCode)
                    .containsExactly(Errors.TOPIC_ALREADY_EXISTS.code());
        }
    }

    private static OffsetCommitRequestData commit(long offset) {
        return new OffsetCommitRequestData()
                .setGroupId("seer")
                .setTopics(List.of(new OffsetCommitRequestData.OffsetCommitRequestTopic()
                        .setName("seen")
                        .setPartitions(List.of(new OffsetCommitRequestData.OffsetCommitRequestPartition()
                                .setPartitionIndex(0)
                                .setCommittedOffset(offset)))));
    }

    private static OffsetFetchRequestData fetchCommitted() {
        return new OffsetFetchRequestData()
                .setGroupId("seer")
                .setTopics(List.of(new OffsetFetchRequestData.OffsetFetchRequestTopic()
                        .setName("seen")
                        .setPartitionIndexes(List.of(0))));
    }

    /** The topic of the offsets is made by the first question for a coordinator. */
    private void awaitCoordinator() {
        Waiting.until("a commit is taken", () -> {
            try (RawConnection connection = new RawConnection(broker.port())) {
                connection.ask(
                        ApiKeys.FIND_COORDINATOR,
                        4,
                        new FindCoordinatorRequestData().setCoordinatorKeys(List.of("seer")));
                OffsetCommitResponseData answer =
                        (OffsetCommitResponseData) connection.ask(ApiKeys.OFFSET_COMMIT, 8, commit(0));
                return answer.topics().getFirst().partitions().getFirst().errorCode() == Errors.NONE.code();
            }
        });
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
