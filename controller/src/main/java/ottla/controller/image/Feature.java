package ottla.controller.image;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The features that this software knows, with the levels it supports. A cluster finalizes one level of each (KIP-584).
 *
 * @see MetadataVersion
 */
public enum Feature {
    METADATA_VERSION(MetadataVersion.FEATURE, MetadataVersion.MINIMUM.level(), MetadataVersion.LATEST.level(), 7),
    KRAFT_VERSION("kraft.version", 0, 1, Short.MAX_VALUE),
    TRANSACTION_VERSION("transaction.version", 0, 2, 24),
    GROUP_VERSION("group.version", 0, 1, 22),
    ELIGIBLE_LEADER_REPLICAS_VERSION(ClusterImage.ELR_FEATURE, 0, 1, 26),
    SHARE_VERSION("share.version", 0, 1, 28),
    STREAMS_VERSION("streams.version", 0, 1, 29);

    private final String featureName;
    private final short minLevel;
    private final short maxLevel;
    private final short bootstrapFrom;

    /** {@code bootstrapFrom}: the level of the first metadata version with which a new cluster begins at the highest level. */
    Feature(String featureName, int minLevel, int maxLevel, int bootstrapFrom) {
        this.featureName = featureName;
        this.minLevel = (short) minLevel;
        this.maxLevel = (short) maxLevel;
        this.bootstrapFrom = (short) bootstrapFrom;
    }

    public static Optional<Feature> of(String name) {
        return Arrays.stream(values())
                .filter(feature -> feature.featureName.equals(name))
                .findFirst();
    }

    public String featureName() {
        return featureName;
    }

    public short minLevel() {
        return minLevel;
    }

    /** For production. */
    public short maxLevel() {
        return maxLevel;
    }

    public short maxLevel(FeatureLevels offered) {
        return this == METADATA_VERSION && offered == FeatureLevels.UNSTABLE_TOO
                ? MetadataVersion.UNSTABLE.level()
                : maxLevel;
    }

    /** The level that a new cluster of this metadata version begins with. */
    public short bootstrapLevel(MetadataVersion version) {
        if (this == METADATA_VERSION) {
            return version.level();
        }
        return version.level() >= bootstrapFrom ? maxLevel : 0;
    }

    /** The lowest metadata version under which a level may be finalized. */
    public MetadataVersion metadataVersionFor(short level) {
        return this == ELIGIBLE_LEADER_REPLICAS_VERSION && level > 0
                ? MetadataVersion.V4_0_IV1
                : MetadataVersion.MINIMUM;
    }

    /** All in the order of their names, which is the order of a new cluster's records after the metadata version. */
    public static List<Feature> byName() {
        return Arrays.stream(values())
                .sorted(Comparator.comparing(Feature::featureName))
                .toList();
    }
}
