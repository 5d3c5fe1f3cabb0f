package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ClusterImage.QuotaEntity;
import ottla.controller.image.ImageDelta;
import ottla.replication.machine.Decision;
import ottla.wire.message.AlterClientQuotasRequest;
import ottla.wire.message.AlterClientQuotasRequest.EntityData;
import ottla.wire.message.AlterClientQuotasRequest.EntryData;
import ottla.wire.message.AlterClientQuotasRequest.OpData;
import ottla.wire.message.AlterClientQuotasResponse;
import ottla.wire.message.metadata.ClientQuotaRecord;
import ottla.wire.message.metadata.MetadataRecord;

class ClientQuotaChangesTest {
    private static final QuotaEntity ANNA = new QuotaEntity(new TreeMap<>(Map.of("user", Optional.of("anna"))));

    private final SmallCluster cluster = new SmallCluster(1);

    @Test
    void setsAndRemovesWhatChanges() {
        assertGranted(alter(entry(user("anna"), set("producer_byte_rate", 1024), set("request_percentage", 0.5))));
        assertThat(cluster.image().quotas().get(ANNA))
                .isEqualTo(new TreeMap<>(Map.of("producer_byte_rate", 1024.0, "request_percentage", 0.5)));

        assertThat(decide(entry(user("anna"), set("producer_byte_rate", 1024), remove("consumer_byte_rate")))
                        .records())
                .isEmpty();
        assertThat(decide(entry(user("anna"), remove("producer_byte_rate"))).records())
                .containsExactly(new ClientQuotaRecord(
                        List.of(new ClientQuotaRecord.EntityData("user", "anna")), "producer_byte_rate", 0, true));

        assertGranted(alter(entry(user("anna"), remove("producer_byte_rate"), remove("request_percentage"))));
        assertThat(cluster.image().quotas()).doesNotContainKey(ANNA);
    }

    @Test
    void theDefaultEntityHasNoName() {
        assertGranted(alter(entry(
                List.of(new EntityData("user", null), new EntityData("client-id", "c")),
                set("consumer_byte_rate", 10))));

        assertThat(cluster.image().quotas().keySet())
                .containsExactly(new QuotaEntity(
                        new TreeMap<>(Map.of("user", Optional.empty(), "client-id", Optional.of("c")))));
    }

    @Test
    void aSnapshotHasTheQuotas() {
        assertGranted(alter(entry(user("anna"), set("producer_byte_rate", 1024))));
        assertGranted(alter(entry(List.of(new EntityData("ip", null)), set("connection_creation_rate", 7))));

        ImageDelta replayed = new ImageDelta(ClusterImage.EMPTY);
        cluster.image().toRecords().forEach(replayed::apply);

        assertThat(replayed.toImage().quotas()).isEqualTo(cluster.image().quotas());
        assertThat(replayed.toImage().quotas()).hasSize(2);
    }

    @Test
    void refusesWithASentence() {
        assertRefused("Invalid empty client quota entity", entry(List.of(), set("producer_byte_rate", 1)));
        assertRefused(
                "Unhandled client quota entity type: host",
                entry(List.of(new EntityData("host", "a")), set("producer_byte_rate", 1)));
        assertRefused("Empty user not supported", entry(user(""), set("producer_byte_rate", 1)));
        assertRefused(
                "Invalid configuration key connection_creation_rate",
                entry(user("a"), set("connection_creation_rate", 1)));
        assertRefused(
                "Quota producer_byte_rate must be greater than 0", entry(user("a"), set("producer_byte_rate", 0)));
        assertRefused(
                "Proposed value for connection_creation_rate is too large for an INT.",
                entry(ip("10.0.0.1"), set("connection_creation_rate", 3e9)));
        assertRefused(
                "Proposed value for producer_byte_rate is too large for a LONG.",
                entry(user("a"), set("producer_byte_rate", 1e19)));
        assertRefused(
                "producer_byte_rate cannot be a fractional value.", entry(user("a"), set("producer_byte_rate", 1.5)));
        assertRefused(
                "unknown is not a valid IP or resolvable host.",
                entry(ip("unknown"), set("connection_creation_rate", 1)));
        assertRefused(
                "Invalid quota entity combination: an IP entity stands alone, without user or client id.",
                entry(
                        List.of(new EntityData("ip", "10.0.0.1"), new EntityData("user", "a")),
                        set("connection_creation_rate", 1)));
        assertRefused(
                "The quota request_percentage is named twice for one entity.",
                entry(user("a"), set("request_percentage", 1), set("request_percentage", 2)));
        assertThat(cluster.image().quotas()).isEmpty();
    }

    @Test
    void ofAnEntityNamedTwiceTheFirstChangeIsMade() {
        AlterClientQuotasResponse answer = alter(
                entry(user("anna"), set("producer_byte_rate", 1)), entry(user("anna"), set("producer_byte_rate", 2)));

        assertThat(answer.entries())
                .singleElement()
                .satisfies(entry -> assertThat(entry.errorCode()).isEqualTo(ErrorCode.INVALID_REQUEST.code()));
        assertThat(cluster.image().quotas().get(ANNA)).containsEntry("producer_byte_rate", 1.0);
    }

    @Test
    void validatingChangesNothing() {
        Decision<MetadataRecord, AlterClientQuotasResponse> decision = changes()
                .alter(new AlterClientQuotasRequest(List.of(entry(user("anna"), set("producer_byte_rate", 1))), true));

        assertThat(decision.records()).isEmpty();
        assertGranted(decision.answer());
    }

    private void assertRefused(String reason, EntryData entry) {
        AlterClientQuotasResponse answer = alter(entry);
        assertThat(answer.entries()).singleElement().satisfies(refused -> {
            assertThat(refused.errorMessage()).isEqualTo(reason);
            assertThat(refused.errorCode()).isEqualTo(ErrorCode.INVALID_REQUEST.code());
        });
    }

    private static void assertGranted(AlterClientQuotasResponse answer) {
        assertThat(answer.entries())
                .singleElement()
                .satisfies(entry -> assertThat(entry.errorCode()).isZero());
    }

    private AlterClientQuotasResponse alter(EntryData... entries) {
        return cluster.apply(decide(entries));
    }

    private Decision<MetadataRecord, AlterClientQuotasResponse> decide(EntryData... entries) {
        return changes().alter(new AlterClientQuotasRequest(List.of(entries), false));
    }

    private ClientQuotaChanges changes() {
        return new ClientQuotaChanges(cluster.image(), Set.of("unknown"));
    }

    private static EntryData entry(List<EntityData> entity, OpData... ops) {
        return new EntryData(entity, new ArrayList<>(List.of(ops)));
    }

    private static List<EntityData> user(@Nullable String name) {
        return List.of(new EntityData("user", name));
    }

    private static List<EntityData> ip(String name) {
        return List.of(new EntityData("ip", name));
    }

    private static OpData set(String key, double value) {
        return new OpData(key, value, false);
    }

    private static OpData remove(String key) {
        return new OpData(key, 0, true);
    }
}
