package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.EnvelopeRequestData;
import org.apache.kafka.common.message.EnvelopeResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder;
import org.junit.jupiter.api.Test;

/**
 * {@code controller_mutation_rate} (KIP-599) as clients feel it: who is refused, who is held back, for how long, and whose quota it is.
 * A full bucket holds eleven seconds' worth, so one partition overdraws {@link #SLOW} for a minute and a half, and twelve partitions a
 * rate of one for a second.
 */
@OnEachBroker
class MutationQuotaTest {
    private static final double SLOW = 0.01;
    private static final int SLOW_MS = 89_000;

    /** What a machine that is busy may take from a time before it is told. */
    private static final double TOLD = 0.7;

    private static final String MESSAGE = "The throttling quota has been exceeded.";

    private final BrokerProcess broker;

    MutationQuotaTest(BrokerProcess broker) {
        this.broker = broker;
    }

    @Test
    void newVersionsAreRefusedTopicByTopic() throws Exception {
        limit(entity("client-id", "strict"), SLOW);
        try (RawConnection client = new RawConnection(broker.port(), "strict")) {
            CreateTopicsResponseData created =
                    (CreateTopicsResponseData) client.ask(ApiKeys.CREATE_TOPICS, 7, topics("strict-", 3, 1));
            assertThat(created.topics().find("strict-0").errorCode()).isZero();
            assertThat(created.topics().find("strict-1").errorCode())
                    .isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED.code());
            assertThat(created.topics().find("strict-1").errorMessage()).isNull();
            assertThat(created.topics().find("strict-2").errorCode())
                    .isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED.code());
            assertTold(created.throttleTimeMs(), SLOW_MS);
        }
        // a connection of its own for each, since the one before is not read any more
        try (RawConnection client = new RawConnection(broker.port(), "strict")) {
            CreatePartitionsResponseData grown =
                    (CreatePartitionsResponseData) client.ask(ApiKeys.CREATE_PARTITIONS, 3, grow("strict-0", 3));
            assertThat(grown.results().getFirst().errorCode()).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED.code());
            assertThat(grown.results().getFirst().errorMessage()).isNull();
            assertTold(grown.throttleTimeMs(), SLOW_MS);
        }
        try (RawConnection client = new RawConnection(broker.port(), "strict")) {
            DeleteTopicsResponseData deleted =
                    (DeleteTopicsResponseData) client.ask(ApiKeys.DELETE_TOPICS, 6, delete("strict-0", "strict-none"));
            assertThat(deleted.responses().find("strict-0").errorCode())
                    .isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED.code());
            assertThat(deleted.responses().find("strict-0").errorMessage()).isNull();
            assertThat(deleted.responses().find("strict-none").errorCode())
                    .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
            assertTold(deleted.throttleTimeMs(), SLOW_MS);
        }
    }

    @Test
    void oldVersionsGetWhatTheyWantAndAreHeldBack() throws Exception {
        limit(entity("client-id", "permissive"), 1);
        try (RawConnection client = new RawConnection(broker.port(), "permissive")) {
            long beforeNs = System.nanoTime();
            CreateTopicsResponseData created =
                    (CreateTopicsResponseData) client.ask(ApiKeys.CREATE_TOPICS, 5, topics("permissive-", 2, 6));
            assertThat(created.topics())
                    .allSatisfy(topic -> assertThat(topic.errorCode()).isZero());
            assertThat(created.throttleTimeMs()).isBetween(1, 1000);
            assertNotHeardBefore(client, beforeNs, created.throttleTimeMs());
        }
    }

    @Test
    void deletionAndGrowthCountPartitionsToo() throws Exception {
        limit(entity("client-id", "counted"), 0.1);
        try (RawConnection client = new RawConnection(broker.port(), "nobody")) {
            client.ask(ApiKeys.CREATE_TOPICS, 7, topics("counted-", 1, 2));
        }
        try (RawConnection client = new RawConnection(broker.port(), "counted")) {
            CreatePartitionsResponseData grown =
                    (CreatePartitionsResponseData) client.ask(ApiKeys.CREATE_PARTITIONS, 2, grow("counted-0", 6));
            assertThat(grown.results().getFirst().errorCode()).isZero();
            // 1.1 tokens less 4
            assertTold(grown.throttleTimeMs(), 29_000);
        }
        try (RawConnection client = new RawConnection(broker.port(), "counted")) {
            DeleteTopicsResponseData deleted = (DeleteTopicsResponseData) client.ask(
                    ApiKeys.DELETE_TOPICS,
                    4,
                    new DeleteTopicsRequestData().setTimeoutMs(60_000).setTopicNames(List.of("counted-0")));
            assertThat(deleted.responses().find("counted-0").errorCode()).isZero();
            // and less 6
            assertTold(deleted.throttleTimeMs(), 89_000);
        }
    }

    @Test
    void validatingCountsAsWell() throws Exception {
        limit(entity("client-id", "validating"), SLOW);
        try (RawConnection client = new RawConnection(broker.port(), "validating")) {
            CreateTopicsResponseData validated = (CreateTopicsResponseData) client.ask(
                    ApiKeys.CREATE_TOPICS, 6, topics("validated-", 2, 1).setValidateOnly(true));
            assertThat(validated.topics().find("validated-0").errorCode()).isZero();
            assertThat(validated.topics().find("validated-1").errorCode())
                    .isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED.code());
        }
    }

    @Test
    void whatIsRefusedForAnotherReasonIsNotCounted() throws Exception {
        limit(entity("client-id", "clumsy"), SLOW);
        try (RawConnection client = new RawConnection(broker.port(), "clumsy")) {
            for (int i = 0; i < 3; i++) {
                CreateTopicsRequestData wrong = topics("clumsy ", 1, 1);
                CreateTopicsResponseData refused =
                        (CreateTopicsResponseData) client.ask(ApiKeys.CREATE_TOPICS, 7, wrong);
                assertThat(refused.topics().find("clumsy 0").errorCode())
                        .isEqualTo(Errors.INVALID_TOPIC_EXCEPTION.code());
                assertThat(refused.throttleTimeMs()).isZero();
            }
            CreateTopicsResponseData created =
                    (CreateTopicsResponseData) client.ask(ApiKeys.CREATE_TOPICS, 7, topics("clumsy-", 1, 1));
            assertThat(created.topics().find("clumsy-0").errorCode()).isZero();
            assertThat(created.throttleTimeMs()).isZero();
        }
    }

    /** On a controller's own listener there is nobody between, who would hold the client back. */
    @Test
    void whoeverAsksTheControllerItselfIsHeldBackThere() throws Exception {
        limit(entity("client-id", "direct"), 1);
        try (RawConnection client = new RawConnection(broker.controllerPort(), "direct")) {
            long beforeNs = System.nanoTime();
            CreateTopicsResponseData created =
                    (CreateTopicsResponseData) client.ask(ApiKeys.CREATE_TOPICS, 5, topics("direct-", 1, 12));
            assertThat(created.throttleTimeMs()).isBetween(1, 1000);
            assertNotHeardBefore(client, beforeNs, created.throttleTimeMs());
        }
    }

    @Test
    void theAdminClientTriesAgainUnlessItIsToldNotTo() throws Exception {
        limit(entity("client-id", "admin"), 1);
        try (Admin admin = Clients.of(broker).admin("client.id", "admin")) {
            admin.createTopics(List.of(new NewTopic("admin-0", 12, (short) 1)))
                    .all()
                    .get();
            Throwable failure = Clients.failure(admin.createTopics(
                            List.of(new NewTopic("admin-1", 1, (short) 1)),
                            new CreateTopicsOptions().retryOnQuotaViolation(false))
                    .all());
            assertThat(failure)
                    .isInstanceOf(ThrottlingQuotaExceededException.class)
                    .hasMessage(MESSAGE);
            assertThat(((ThrottlingQuotaExceededException) failure).throttleTimeMs())
                    .isBetween(1, 1000);

            admin.createTopics(List.of(new NewTopic("admin-2", 1, (short) 1)))
                    .all()
                    .get();
        }
    }

    @Test
    void topicsCreatedOnDemandCount() throws Exception {
        limit(entity("client-id", "demanding"), SLOW);
        try (RawConnection client = new RawConnection(broker.port(), "demanding")) {
            MetadataRequestData wanted = new MetadataRequestData().setAllowAutoTopicCreation(true);
            wanted.topics().add(new MetadataRequestData.MetadataRequestTopic().setName("demanded"));
            Waiting.until("the topic is there", () -> {
                MetadataResponseData metadata = (MetadataResponseData) client.ask(ApiKeys.METADATA, 8, wanted);
                return metadata.topics().find("demanded").errorCode() == 0;
            });
            CreateTopicsResponseData refused =
                    (CreateTopicsResponseData) client.ask(ApiKeys.CREATE_TOPICS, 7, topics("demanded-", 1, 1));
            assertThat(refused.topics().find("demanded-0").errorCode())
                    .isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED.code());
            assertTold(refused.throttleTimeMs(), SLOW_MS);
        }
    }

    /** What is left in a bucket outlives a change of the quota, as far as the new one allows, and its removal. */
    @Test
    void quotasChangeWhileTheyAreInUse() throws Exception {
        ClientQuotaEntity entity = entity("client-id", "changed");
        limit(entity, SLOW);
        assertThat(overdraw("anna", "changed")).isBetween((int) (TOLD * SLOW_MS), SLOW_MS);

        limit(entity, SLOW / 2);
        assertThat(overdraw("anna", "changed")).isBetween((int) (TOLD * 2 * SLOW_MS), 2 * SLOW_MS);

        unlimit(entity);
        assertThat(overdraw("anna", "changed")).isZero();

        limit(entity, SLOW);
        assertThat(overdraw("anna", "changed")).isBetween((int) (TOLD * SLOW_MS), SLOW_MS);
        unlimit(entity);
    }

    /** Each level has another rate, and each client another bucket, so the time that is told shows which quota was found. */
    @Test
    void theMostSpecificQuotaIsFound() throws Exception {
        Map<ClientQuotaEntity, Double> rates = new HashMap<>();
        rates.put(entity("user", "u1", "client-id", "c1"), rate(0));
        rates.put(entity("user", "u1", "client-id", null), rate(1));
        rates.put(entity("user", "u 2%"), rate(2));
        rates.put(entity("user", null, "client-id", "c1"), rate(3));
        rates.put(entity("user", null, "client-id", null), rate(4));
        rates.put(entity("user", null), rate(5));
        rates.put(entity("client-id", "c2"), rate(6));
        rates.put(entity("client-id", null), rate(7));
        limit(rates);

        assertLevel(0, "u1", "c1");
        assertLevel(1, "u1", "c9");
        assertLevel(2, "u 2%", "c9");
        assertLevel(3, "u3", "c1");
        assertLevel(4, "u3", "c9");
        // without a client id the pairs are not looked at
        assertLevel(5, "u1", "");
        unlimit(entity("user", null, "client-id", "c1"), entity("user", null, "client-id", null));
        assertLevel(5, "u4", "c1");
        unlimit(entity("user", null));
        assertLevel(6, "u5", "c2");
        assertLevel(7, "u5", "c3");
        assertThat(overdraw("u6", "")).isZero();

        unlimit(rates.keySet().toArray(ClientQuotaEntity[]::new));
        assertThat(overdraw("u1", "c1")).isZero();
    }

    private static double rate(int level) {
        return SLOW / (1 << level);
    }

    private void assertLevel(int level, String user, String clientId) throws IOException {
        int expectedMs = (int) Math.round((1 / rate(level) - 11) * 1000);
        assertThat(overdraw(user, clientId))
                .as("level %s for %s and '%s'", level, user, clientId)
                .isBetween((int) (TOLD * expectedMs), expectedMs);
    }

    /**
     * Takes two topics' worth from a bucket, in an envelope as a broker sends it on behalf of a client, and gives the time that the
     * client is to be quiet. The broker's connection is read all the while.
     */
    private int overdraw(String user, String clientId) throws IOException {
        try (RawConnection controller = new RawConnection(broker.controllerPort())) {
            CreateTopicsResponseData answer = forwarded(controller, user, clientId);
            controller.isAnswered();
            return answer.throttleTimeMs();
        }
    }

    private static CreateTopicsResponseData forwarded(RawConnection controller, String user, String clientId)
            throws IOException {
        ByteBuffer framed = RawConnection.frame(
                ApiKeys.CREATE_TOPICS, 7, topics("never-", 2, 1).setValidateOnly(true), 5, clientId);
        DefaultKafkaPrincipalBuilder principals = new DefaultKafkaPrincipalBuilder(null, null);
        EnvelopeRequestData envelope = new EnvelopeRequestData()
                .setRequestData(framed.position(Integer.BYTES).slice())
                .setRequestPrincipal(principals.serialize(new KafkaPrincipal(KafkaPrincipal.USER_TYPE, user)))
                .setClientHostAddress(InetAddress.getLoopbackAddress().getAddress());
        EnvelopeResponseData carried = (EnvelopeResponseData) controller.ask(ApiKeys.ENVELOPE, 0, envelope);
        assertThat(carried.errorCode()).isZero();
        ByteBufferAccessor readable = new ByteBufferAccessor(carried.responseData());
        new ResponseHeaderData(readable, (short) 1);
        return new CreateTopicsResponseData(readable, (short) 7);
    }

    /** Somebody whose quota is one partition a second overdraws it by one at this broker, as soon as the controller knows of the quota. */
    static void assertHeldBack(int port, String clientId) {
        Waiting.until("the quota counts", () -> {
            try (RawConnection client = new RawConnection(port, clientId)) {
                long beforeNs = System.nanoTime();
                CreateTopicsResponseData validated = (CreateTopicsResponseData) client.ask(
                        ApiKeys.CREATE_TOPICS, 5, topics("never-", 1, 12).setValidateOnly(true));
                if (validated.throttleTimeMs() > 0) {
                    assertThat(validated.throttleTimeMs()).isLessThanOrEqualTo(1000);
                    assertNotHeardBefore(client, beforeNs, validated.throttleTimeMs());
                }
                return validated.throttleTimeMs() > 0;
            }
        });
    }

    static ClientQuotaAlteration onePartitionASecond(String clientId) {
        return alteration(entity("client-id", clientId), "controller_mutation_rate", 1.0);
    }

    /** Nothing that is asked meanwhile is answered before the time is over. */
    private static void assertNotHeardBefore(RawConnection client, long beforeNs, int throttleMs) throws IOException {
        client.ask(ApiKeys.API_VERSIONS, 0, new ApiVersionsRequestData());
        // the clocks of the two differ by less
        int clockMs = 10;
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beforeNs))
                .isGreaterThanOrEqualTo(throttleMs - clockMs);
    }

    private static void assertTold(int throttleMs, int expectedMs) {
        assertThat(throttleMs).isBetween((int) (TOLD * expectedMs), expectedMs);
    }

    private void limit(ClientQuotaEntity entity, double rate) throws Exception {
        limit(Map.of(entity, rate));
    }

    private void limit(Map<ClientQuotaEntity, Double> rates) throws Exception {
        List<ClientQuotaAlteration> alterations = new ArrayList<>();
        rates.forEach((entity, rate) -> alterations.add(alteration(entity, "controller_mutation_rate", rate)));
        alter(alterations);
    }

    private void unlimit(ClientQuotaEntity... entities) throws Exception {
        List<ClientQuotaAlteration> alterations = new ArrayList<>();
        for (ClientQuotaEntity entity : entities) {
            alterations.add(alteration(entity, "controller_mutation_rate", null));
        }
        alter(alterations);
    }

    /**
     * Kafka's controller obeys a quota some time after it has answered: surely when a later change of another quota is shown, since
     * whoever keeps quotas is told before that.
     */
    private void alter(List<ClientQuotaAlteration> alterations) throws Exception {
        ClientQuotaEntity mark = entity("client-id", "mark");
        double value = System.nanoTime() % 1_000_000 + 1.0;
        try (Admin admin = Clients.of(broker).admin()) {
            admin.alterClientQuotas(alterations).all().get();
            admin.alterClientQuotas(List.of(alteration(mark, "producer_byte_rate", value)))
                    .all()
                    .get();
            ClientQuotaFilter marks =
                    ClientQuotaFilter.containsOnly(List.of(ClientQuotaFilterComponent.ofEntity("client-id", "mark")));
            Waiting.until("the mark is shown", () -> {
                Map<String, Double> shown =
                        admin.describeClientQuotas(marks).entities().get().get(mark);
                return shown != null && shown.get("producer_byte_rate") == value;
            });
        }
    }

    private static ClientQuotaAlteration alteration(ClientQuotaEntity entity, String key, Double value) {
        return new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op(key, value)));
    }

    /** Types and names in turn; a name that is null stands for the default. */
    private static ClientQuotaEntity entity(String... parts) {
        Map<String, String> entries = new HashMap<>();
        for (int i = 0; i < parts.length; i += 2) {
            entries.put(parts[i], parts[i + 1]);
        }
        return new ClientQuotaEntity(entries);
    }

    private static CreateTopicsRequestData topics(String prefix, int count, int partitions) {
        CreateTopicsRequestData request = new CreateTopicsRequestData().setTimeoutMs(60_000);
        for (int i = 0; i < count; i++) {
            request.topics()
                    .add(new CreateTopicsRequestData.CreatableTopic()
                            .setName(prefix + i)
                            .setNumPartitions(partitions)
                            .setReplicationFactor((short) 1));
        }
        return request;
    }

    private static ApiMessage grow(String topic, int count) {
        CreatePartitionsRequestData request = new CreatePartitionsRequestData().setTimeoutMs(60_000);
        request.topics()
                .add(new CreatePartitionsRequestData.CreatePartitionsTopic()
                        .setName(topic)
                        .setCount(count)
                        .setAssignments(null));
        return request;
    }

    private static ApiMessage delete(String... names) {
        DeleteTopicsRequestData request = new DeleteTopicsRequestData().setTimeoutMs(60_000);
        for (String name : names) {
            request.topics().add(new DeleteTopicsRequestData.DeleteTopicState().setName(name));
        }
        return request;
    }
}
