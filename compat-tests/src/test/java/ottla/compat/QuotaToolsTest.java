package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.junit.jupiter.api.Test;

/** {@code kafka-configs} on users, clients and addresses: quotas and SCRAM credentials, as they are kept and shown. */
@OnEachBroker
class QuotaToolsTest {
    private final BrokerProcess broker;
    private final StockTools tools;

    QuotaToolsTest(BrokerProcess broker) {
        this.broker = broker;
        tools = StockTools.of(broker);
    }

    @Test
    void quotasOfUsersAndClientsAreSetShownAndRemoved() {
        String[] clientsOfAnna = {
            "--entity-type", "users", "--entity-name", "anna", "--entity-type", "clients", "--entity-default"
        };
        assertThat(tools.configs(with(clientsOfAnna, "--alter", "--add-config", "request_percentage=12.5"))
                        .lines())
                .containsExactly("Completed updating config for user anna.");
        Waiting.until(
                "the quota is shown",
                () -> tools.configs(with(clientsOfAnna, "--describe"))
                        .lines()
                        .equals(List.of("Quota configs for user-principal 'anna', the default client-id are "
                                + "request_percentage=12.5")));

        tools.configs(with(clientsOfAnna, "--alter", "--delete-config", "request_percentage"))
                .succeeded();
        Waiting.until(
                "the quota is gone",
                () -> tools.configs(with(clientsOfAnna, "--describe")).lines().isEmpty());
    }

    private static String[] with(String[] entity, String... action) {
        return Stream.of(entity, action).flatMap(Stream::of).toArray(String[]::new);
    }

    @Test
    void quotasOfAddressesAreSetAndShown() {
        tools.configs(
                        "--alter",
                        "--entity-type",
                        "ips",
                        "--entity-name",
                        "127.0.0.1",
                        "--add-config",
                        "connection_creation_rate=1000")
                .succeeded();

        Waiting.until(
                "the quota is shown",
                () -> tools.configs("--describe", "--entity-type", "ips")
                        .lines()
                        .equals(List.of("Quota configs for ip '127.0.0.1' are connection_creation_rate=1000.0")));
        ToolRun refused = tools.configs(
                "--alter",
                "--entity-type",
                "ips",
                "--entity-name",
                "no host",
                "--add-config",
                "connection_creation_rate=1");
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.output() + refused.errors())
                .contains("must be a valid IP or resolvable host, but it is: no host");
    }

    @Test
    void scramCredentialsAreSetShownAndDeleted() {
        assertThat(tools.configs(
                                "--alter",
                                "--entity-type",
                                "users",
                                "--entity-name",
                                "berta",
                                "--add-config",
                                "SCRAM-SHA-256=[iterations=8192,password=secret]")
                        .lines())
                .containsExactly("Completed updating config for user berta.");

        String[] described = {"--describe", "--entity-type", "users", "--entity-name", "berta"};
        Waiting.until(
                "the credential is shown",
                () -> tools.configs(described)
                        .lines()
                        .equals(
                                List.of(
                                        "SCRAM credential configs for user-principal 'berta' are SCRAM-SHA-256=iterations=8192")));

        tools.configs("--alter", "--entity-type", "users", "--entity-name", "berta", "--delete-config", "SCRAM-SHA-256")
                .succeeded();
        Waiting.until(
                "the credential is gone", () -> tools.configs(described).lines().isEmpty());
    }

    @Test
    void wrongQuotasAreRefusedInKafkasWords() throws Exception {
        try (Admin admin = Clients.of(broker).admin()) {
            assertThat(refusal(admin, entity("user", "a"), "nope", 1.0)).isEqualTo("Invalid configuration key nope");
            assertThat(refusal(admin, entity("user", "a"), "producer_byte_rate", 0.0))
                    .isEqualTo("Quota producer_byte_rate must be greater than 0");
            assertThat(refusal(admin, entity("user", "a"), "producer_byte_rate", 1e20))
                    .isEqualTo("Proposed value for producer_byte_rate is too large for a LONG.");
            assertThat(refusal(admin, entity("ip", "1.2.3.4"), "connection_creation_rate", 0.5))
                    .isEqualTo("connection_creation_rate cannot be a fractional value.");
            assertThat(refusal(admin, entity("ip", "no host"), "connection_creation_rate", 1.0))
                    .isEqualTo("no host is not a valid IP or resolvable host.");
            assertThat(refusal(admin, entity("user", ""), "producer_byte_rate", 1.0))
                    .isEqualTo("Empty user not supported");
            assertThat(admin.describeClientQuotas(ClientQuotaFilter.contains(
                                    List.of(ClientQuotaFilterComponent.ofEntity("user", "a"))))
                            .entities()
                            .get())
                    .isEmpty();
        }
    }

    private static ClientQuotaEntity entity(String type, String name) {
        return new ClientQuotaEntity(Map.of(type, name));
    }

    private static String refusal(Admin admin, ClientQuotaEntity entity, String key, double value)
            throws InterruptedException {
        Throwable failure = Clients.failure(admin.alterClientQuotas(
                        List.of(new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op(key, value)))))
                .all());
        assertThat(failure).isInstanceOf(InvalidRequestException.class);
        return failure.getMessage();
    }
}
