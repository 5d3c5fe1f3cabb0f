package ottla.controller.image;

import java.util.List;
import java.util.Optional;

/**
 * A level of the feature {@code metadata.version}: it says which records, and which versions of them, may stand in the metadata
 * log, so that the oldest node of the cluster can read all of it (KIP-584, KIP-778).
 */
public record MetadataVersion(short level) implements Comparable<MetadataVersion> {
    public static final String FEATURE = "metadata.version";

    private static final short FIRST_LEVEL = 7;

    /** By level, from {@link #FIRST_LEVEL}. A version marked so changed the records' schemas, which forbids a safe downgrade. */
    private static final List<Release> RELEASES = List.of(
            new Release("3.3-IV3", Change.OF_RECORDS),
            new Release("3.4-IV0", Change.OF_RECORDS),
            new Release("3.5-IV0", Change.OF_BEHAVIOUR),
            new Release("3.5-IV1", Change.OF_BEHAVIOUR),
            new Release("3.5-IV2", Change.OF_RECORDS),
            new Release("3.6-IV0", Change.OF_BEHAVIOUR),
            new Release("3.6-IV1", Change.OF_RECORDS),
            new Release("3.6-IV2", Change.OF_RECORDS),
            new Release("3.7-IV0", Change.OF_RECORDS),
            new Release("3.7-IV1", Change.OF_BEHAVIOUR),
            new Release("3.7-IV2", Change.OF_RECORDS),
            new Release("3.7-IV3", Change.OF_BEHAVIOUR),
            new Release("3.7-IV4", Change.OF_BEHAVIOUR),
            new Release("3.8-IV0", Change.OF_BEHAVIOUR),
            new Release("3.9-IV0", Change.OF_BEHAVIOUR),
            new Release("4.0-IV0", Change.OF_BEHAVIOUR),
            new Release("4.0-IV1", Change.OF_RECORDS),
            new Release("4.0-IV2", Change.OF_BEHAVIOUR),
            new Release("4.0-IV3", Change.OF_BEHAVIOUR),
            new Release("4.1-IV0", Change.OF_BEHAVIOUR),
            new Release("4.1-IV1", Change.OF_BEHAVIOUR),
            new Release("4.2-IV0", Change.OF_BEHAVIOUR),
            new Release("4.2-IV1", Change.OF_BEHAVIOUR),
            new Release("4.3-IV0", Change.OF_RECORDS),
            new Release("4.4-IV0", Change.OF_BEHAVIOUR));

    public static final MetadataVersion MINIMUM = new MetadataVersion(FIRST_LEVEL);

    /** The newest one for production. */
    public static final MetadataVersion LATEST = new MetadataVersion((short) 30);

    /** The newest one there is: offered only where unstable versions are asked for, as tests do. */
    public static final MetadataVersion UNSTABLE = new MetadataVersion((short) (FIRST_LEVEL + RELEASES.size() - 1));

    public static final MetadataVersion V3_5_IV2 = new MetadataVersion((short) 11);
    public static final MetadataVersion V3_6_IV1 = new MetadataVersion((short) 13);
    public static final MetadataVersion V3_6_IV2 = new MetadataVersion((short) 14);
    public static final MetadataVersion V3_7_IV0 = new MetadataVersion((short) 15);
    public static final MetadataVersion V3_7_IV2 = new MetadataVersion((short) 17);
    public static final MetadataVersion V3_9_IV0 = new MetadataVersion((short) 21);
    public static final MetadataVersion V4_0_IV0 = new MetadataVersion((short) 22);
    public static final MetadataVersion V4_0_IV1 = new MetadataVersion((short) 23);
    public static final MetadataVersion V4_0_IV2 = new MetadataVersion((short) 24);
    public static final MetadataVersion V4_3_IV0 = new MetadataVersion((short) 30);

    /** The version of a level, if this controller knows it. */
    public static Optional<MetadataVersion> of(short level) {
        return level >= MINIMUM.level && level <= UNSTABLE.level
                ? Optional.of(new MetadataVersion(level))
                : Optional.empty();
    }

    public boolean isAtLeast(MetadataVersion other) {
        return level >= other.level;
    }

    /** KIP-866: metadata transactions. */
    public boolean hasTransactions() {
        return isAtLeast(V3_6_IV1);
    }

    /** KIP-919: controllers register with the active one. */
    public boolean hasControllerRegistration() {
        return isAtLeast(V3_7_IV0);
    }

    /** KIP-858: directories of replicas. */
    public boolean hasDirectories() {
        return isAtLeast(V3_7_IV2);
    }

    /** KIP-966: records can carry eligible leader replicas. */
    public boolean hasEligibleLeaderReplicas() {
        return isAtLeast(V4_0_IV1);
    }

    /** KIP-1066: directories that take no new replicas. */
    public boolean hasCordonedDirectories() {
        return isAtLeast(V4_3_IV0);
    }

    /** Whether a version in (lower, this] changed the records' schemas. */
    public boolean changedRecordsSince(MetadataVersion lower) {
        for (int level = lower.level + 1; level <= this.level; level++) {
            if (RELEASES.get(level - FIRST_LEVEL).change == Change.OF_RECORDS) {
                return true;
            }
        }
        return false;
    }

    @Override
    public int compareTo(MetadataVersion other) {
        return Short.compare(level, other.level);
    }

    /** The release in which it appeared, as tools show it: {@code 4.3-IV0}. */
    @Override
    public String toString() {
        int index = level - FIRST_LEVEL;
        return index >= 0 && index < RELEASES.size() ? RELEASES.get(index).name : "unknown-" + level;
    }

    private enum Change {
        OF_RECORDS,
        OF_BEHAVIOUR
    }

    private record Release(String name, Change change) {}
}
