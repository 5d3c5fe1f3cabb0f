package ottla.controller.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageDelta;
import ottla.controller.quota.MutationRequest.Enforcement;
import ottla.wire.message.metadata.ClientQuotaRecord;
import ottla.wire.message.metadata.ClientQuotaRecord.EntityData;

class MutationQuotasTest {
    /** In place of a name. */
    private static final String DEFAULT = "";

    private static final QuotaClient ANNA = new QuotaClient("anna", "shell");

    private final MutationQuotas quotas = new MutationQuotas(new QuotaWindow(10, 1));
    private ClusterImage image = ClusterImage.EMPTY;
    private long nowMs = 1_000_000;

    @Test
    void withoutAQuotaNothingIsCounted() {
        MutationQuotas.Share share = quotas.share(new MutationRequest(ANNA, Enforcement.STRICT));
        assertThat(share.at(image, nowMs).admits(1_000_000)).isTrue();
        assertThat(share.at(image, nowMs).admits(1)).isTrue();
        assertThat(share.throttleTimeMs(nowMs)).isZero();
        assertThat(quotas.bucketCount()).isZero();
    }

    @Test
    void whoeverKnowsTheErrorIsRefusedUntilTheBucketIsNoLongerOverdrawn() {
        limit(2, "user", "anna");
        MutationQuotas.Share first = quotas.share(new MutationRequest(ANNA, Enforcement.STRICT));
        MutationQuota quota = first.at(image, nowMs);
        assertThat(quota.admits(15)).isTrue();
        assertThat(quota.admits(15)).as("5 are left, and may be overdrawn once").isTrue();
        assertThat(first.throttleTimeMs(nowMs)).as("nobody was refused").isZero();
        assertThat(quota.admits(1)).isFalse();
        assertThat(first.throttleTimeMs(nowMs)).isEqualTo(5_000);
        assertThat(first.throttleTimeMs(nowMs + 2_000)).as("told later").isEqualTo(3_000);
        assertThat(first.throttleTimeMs(nowMs + 9_000)).isZero();

        nowMs += 4_500;
        assertThat(strict(1)).isEqualTo(500);
        nowMs += 500;
        assertThat(strict(1)).isZero();
    }

    @Test
    void whoeverDoesNotKnowTheErrorGetsWhatHeWantsAndIsHeldBack() {
        limit(2, "user", "anna");
        assertThat(permissive(20)).isZero();
        assertThat(permissive(4)).isEqualTo(2_000);
        nowMs += 1_000;
        assertThat(permissive(4)).isEqualTo(3_000);
        assertThat(strict(1)).as("the bucket is the same").isEqualTo(3_000);
    }

    @Test
    void moreThanTheBurstIsNotSavedUp() {
        limit(2, "user", "anna");
        assertThat(strict(1)).isZero();
        nowMs += 600_000;
        assertThat(permissive(21)).isEqualTo(500);
    }

    @Test
    void aTimeTooLongToBeToldIsToldAsTheLongest() {
        limit(1e-9, "user", "anna");
        assertThat(permissive(1_000)).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void aClockThatIsSetBackTakesNothingAway() {
        limit(2, "user", "anna");
        assertThat(permissive(24)).isEqualTo(2_000);
        nowMs -= 60_000;
        assertThat(permissive(2)).isEqualTo(3_000);
    }

    @Test
    void clientsShareWhatIsTheirUsersAndNotWhatIsThePairs() {
        limit(1, "user", "anna");
        assertThat(permissive(11)).isEqualTo(1_000);
        assertThat(permissive(new QuotaClient("anna", "other"), 1)).isEqualTo(2_000);

        limit(1, "user", "anna", "client-id", DEFAULT);
        assertThat(permissive(11)).isEqualTo(1_000);
        assertThat(permissive(new QuotaClient("anna", "other"), 11)).isEqualTo(1_000);
    }

    @Test
    void usersShareWhatIsTheirClientIds() {
        limit(1, "client-id", DEFAULT);
        assertThat(permissive(11)).isEqualTo(1_000);
        assertThat(permissive(new QuotaClient("berta", "shell"), 1)).isEqualTo(2_000);
        assertThat(permissive(new QuotaClient("berta", "other"), 1)).isZero();
        assertThat(permissive(new QuotaClient("berta", ""), 100))
                .as("no name, no quota")
                .isZero();
    }

    @Test
    void theMostSpecificQuotaCounts() {
        limit(8, "client-id", DEFAULT);
        assertThat(found(ANNA)).contains(8.0);
        limit(7, "client-id", "shell");
        assertThat(found(ANNA)).contains(7.0);
        limit(6, "user", DEFAULT);
        assertThat(found(ANNA)).contains(6.0);
        limit(5, "user", DEFAULT, "client-id", DEFAULT);
        assertThat(found(ANNA)).contains(5.0);
        assertThat(found(new QuotaClient("anna", ""))).contains(6.0);
        limit(4, "user", DEFAULT, "client-id", "shell");
        assertThat(found(ANNA)).contains(4.0);
        limit(3, "user", "anna");
        assertThat(found(ANNA)).contains(3.0);
        assertThat(found(new QuotaClient("anna", ""))).contains(3.0);
        limit(2, "user", "anna", "client-id", DEFAULT);
        assertThat(found(ANNA)).contains(2.0);
        limit(1, "user", "anna", "client-id", "shell");
        assertThat(found(ANNA)).contains(1.0);
        assertThat(found(new QuotaClient("anna", "other"))).contains(2.0);
        assertThat(found(new QuotaClient("berta", "shell"))).contains(4.0);
        assertThat(found(new QuotaClient("berta", "other"))).contains(5.0);
    }

    /** An entity that limits something else does not hide a less specific one. */
    @Test
    void onlyTheQuotaThatIsMeantIsFound() {
        limit(6, "user", DEFAULT);
        set("producer_byte_rate", 1, "user", "anna");
        assertThat(found(ANNA)).contains(6.0);
    }

    @Test
    void whatIsLeftOutlivesAChangeOfTheQuota() {
        limit(1, "user", "anna");
        assertThat(permissive(12)).isEqualTo(2_000);
        limit(4, "user", "anna");
        assertThat(permissive(2)).isEqualTo(1_000);
        image = ClusterImage.EMPTY;
        assertThat(permissive(1_000)).isZero();
        limit(2, "user", "anna");
        assertThat(permissive(2)).isEqualTo(3_000);
    }

    @Test
    void whoeverIsSilentForAnHourIsForgotten() {
        limit(1e-6, "client-id", DEFAULT);
        assertThat(permissive(1)).isPositive();
        nowMs += 3_599_999;
        assertThat(permissive(new QuotaClient("berta", "other"), 1)).isPositive();
        assertThat(quotas.bucketCount()).isEqualTo(2);
        nowMs += 1;
        assertThat(permissive(new QuotaClient("berta", "third"), 1)).isPositive();
        assertThat(quotas.bucketCount()).isEqualTo(2);
    }

    /** For how long somebody is to be quiet who was admitted, as he must be. */
    private int permissive(int partitionCount) {
        return permissive(ANNA, partitionCount);
    }

    private int permissive(QuotaClient client, int partitionCount) {
        MutationQuotas.Share share = quotas.share(new MutationRequest(client, Enforcement.PERMISSIVE));
        assertThat(share.at(image, nowMs).admits(partitionCount)).isTrue();
        return share.throttleTimeMs(nowMs);
    }

    /** For how long somebody is to be quiet who was refused; 0 if he was not. */
    private int strict(int partitionCount) {
        MutationQuotas.Share share = quotas.share(new MutationRequest(ANNA, Enforcement.STRICT));
        boolean admitted = share.at(image, nowMs).admits(partitionCount);
        assertThat(share.throttleTimeMs(nowMs) == 0).isEqualTo(admitted);
        return share.throttleTimeMs(nowMs);
    }

    private Optional<Double> found(QuotaClient client) {
        return new QuotaLimits(image.quotas(), MutationQuotas.KEY).of(client).map(QuotaLimits.Limit::perSecond);
    }

    private void limit(double perSecond, String... parts) {
        set(MutationQuotas.KEY, perSecond, parts);
    }

    /** Types and names in turn. */
    private void set(String key, double value, String... parts) {
        SortedMap<String, EntityData> entity = new TreeMap<>();
        for (int i = 0; i < parts.length; i += 2) {
            entity.put(parts[i], new EntityData(parts[i], parts[i + 1].equals(DEFAULT) ? null : parts[i + 1]));
        }
        ImageDelta delta = new ImageDelta(image);
        delta.apply(new ClientQuotaRecord(entity.values().stream().toList(), key, value, false));
        image = delta.toImage();
    }
}
