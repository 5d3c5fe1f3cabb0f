package ottla.controller.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.controller.image.Feature;
import ottla.controller.image.MetadataVersion;
import ottla.replication.machine.Decision;
import ottla.wire.message.UpdateFeaturesRequest;
import ottla.wire.message.UpdateFeaturesRequest.FeatureUpdateKey;
import ottla.wire.message.UpdateFeaturesResponse;
import ottla.wire.message.metadata.FeatureLevelRecord;
import ottla.wire.message.metadata.MetadataRecord;

class FeatureUpdatesTest {
    private static final byte UPGRADE = 1;
    private static final byte SAFE_DOWNGRADE = 2;
    private static final byte UNSAFE_DOWNGRADE = 3;

    private final SmallCluster cluster = new SmallCluster(0);

    @Test
    void knowsTheFeaturesAndLevelsOfTheReference() {
        assertThat(Feature.byName().stream()
                        .map(feature -> feature.featureName() + " " + feature.minLevel() + "-" + feature.maxLevel()
                                + " begins at " + feature.bootstrapLevel(MetadataVersion.LATEST))
                        .toList())
                .containsExactly(
                        "eligible.leader.replicas.version 0-1 begins at 1",
                        "group.version 0-1 begins at 1",
                        "kraft.version 0-1 begins at 0",
                        "metadata.version 7-30 begins at 30",
                        "share.version 0-1 begins at 1",
                        "streams.version 0-1 begins at 1",
                        "transaction.version 0-2 begins at 2");
    }

    @Test
    void namesMetadataVersionsAsKafkaDoes() {
        assertThat(MetadataVersion.LATEST.level())
                .isEqualTo(org.apache.kafka.server.common.MetadataVersion.LATEST_PRODUCTION.featureLevel());
        assertThat(MetadataVersion.UNSTABLE.level())
                .isEqualTo(org.apache.kafka.server.common.MetadataVersion.latestTesting()
                        .featureLevel());
        for (short level = MetadataVersion.MINIMUM.level(); level <= MetadataVersion.UNSTABLE.level(); level++) {
            org.apache.kafka.server.common.MetadataVersion kafkas =
                    org.apache.kafka.server.common.MetadataVersion.fromFeatureLevel(level);
            MetadataVersion ours = new MetadataVersion(level);
            assertThat(ours.toString()).isEqualTo(kafkas.version());
            assertThat(ours.hasTransactions()).isEqualTo(kafkas.isMetadataTransactionSupported());
            assertThat(ours.hasControllerRegistration()).isEqualTo(kafkas.isControllerRegistrationSupported());
            assertThat(ours.hasDirectories()).isEqualTo(kafkas.isDirectoryAssignmentSupported());
            assertThat(ours.hasEligibleLeaderReplicas()).isEqualTo(kafkas.isElrSupported());
            assertThat(ours.hasCordonedDirectories()).isEqualTo(kafkas.isCordonedLogDirsSupported());
            for (short lower = MetadataVersion.MINIMUM.level(); lower < level; lower++) {
                assertThat(ours.changedRecordsSince(new MetadataVersion(lower)))
                        .as("%d since %d", level, lower)
                        .isEqualTo(org.apache.kafka.server.common.MetadataVersion.checkIfMetadataChanged(
                                org.apache.kafka.server.common.MetadataVersion.fromFeatureLevel(lower), kafkas));
            }
        }
    }

    @Test
    void downgradesOnlyWhenTold() {
        assertRefused(
                "group.version",
                0,
                UPGRADE,
                "Invalid update version 0 for feature group.version. Can't downgrade the version of this feature "
                        + "without setting the upgrade type to either safe or unsafe downgrade.");
        assertThat(update("group.version", 0, SAFE_DOWNGRADE).records())
                .containsExactly(new FeatureLevelRecord("group.version", (short) 0));
        cluster.apply(update("group.version", 0, SAFE_DOWNGRADE));
        assertRefused(
                "group.version",
                1,
                SAFE_DOWNGRADE,
                "Invalid update version 1 for feature group.version. Can't downgrade to a newer version.");
        cluster.apply(update("group.version", 1, UPGRADE));
        assertThat(cluster.image().featureLevel("group.version")).isEqualTo((short) 1);
    }

    @Test
    void aMetadataVersionIsNotLeftForOneThatCannotHoldTheRecords() {
        assertRefused(
                "metadata.version",
                29,
                SAFE_DOWNGRADE,
                "Unsupported metadata.version downgrade from 30 to 29. Refusing to perform the requested "
                        + "downgrade because it might delete metadata information.");
        assertRefused(
                "metadata.version",
                29,
                UNSAFE_DOWNGRADE,
                "Unsupported metadata.version downgrade from 30 to 29. Unsafe metadata downgrade is not "
                        + "supported in this version.");
    }

    @Test
    void everyNodeMustSupportTheLevel() {
        assertRefused(
                "nope.version",
                1,
                UPGRADE,
                "Invalid update version 1 for feature nope.version. Local controller 100 does not support this feature.");
        assertRefused(
                "group.version",
                2,
                UPGRADE,
                "Invalid update version 2 for feature group.version. Local controller 100 only supports versions 0-1");
        cluster.apply(update("share.version", 0, SAFE_DOWNGRADE));
        cluster.register(
                0,
                SmallCluster.features(MetadataVersion.LATEST.level()).stream()
                        .filter(feature -> !feature.name().equals("share.version"))
                        .toList());
        assertRefused(
                "share.version",
                1,
                UPGRADE,
                "Invalid update version 1 for feature share.version. Broker 0 does not support this feature.");
    }

    @Test
    void validatingWritesNothing() {
        assertThat(new FeatureUpdates(cluster.facts(), (short) 0)
                        .update(request("group.version", 0, SAFE_DOWNGRADE).withValidateOnly(true), 2)
                        .records())
                .isEmpty();
    }

    private void assertRefused(String feature, int level, byte kind, String why) {
        Decision<MetadataRecord, UpdateFeaturesResponse> decision = update(feature, level, kind);
        assertThat(decision.records()).isEmpty();
        assertThat(decision.answer().errorCode()).isEqualTo(ErrorCode.INVALID_UPDATE_VERSION.code());
        assertThat(decision.answer().errorMessage())
                .isEqualTo("The update failed for all features since the following feature had an error: " + why);
    }

    private Decision<MetadataRecord, UpdateFeaturesResponse> update(String feature, int level, byte kind) {
        return new FeatureUpdates(cluster.facts(), (short) 0).update(request(feature, level, kind), 2);
    }

    private static UpdateFeaturesRequest request(String feature, int level, byte kind) {
        return UpdateFeaturesRequest.DEFAULT.withFeatureUpdates(
                List.of(new FeatureUpdateKey(feature, (short) level, false, kind)));
    }
}
