package ottla.controller.image;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import ottla.base.Uuid;
import ottla.wire.message.metadata.AccessControlEntryRecord;
import ottla.wire.message.metadata.DelegationTokenRecord;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.RegisterControllerRecord;
import ottla.wire.message.metadata.UserScramCredentialRecord;

/**
 * The whole cluster at one offset of the metadata log. Immutable, readable on any thread for as long as wanted; two images one
 * record apart share nearly everything.
 *
 * @param features finalized levels above 0, by name. {@code kraft.version} is not among them: the quorum keeps it in control
 *     records of its own
 * @param configs by resource, then by key in order; a resource without any key is not there
 * @param nextProducerId the first producer id that nobody has been given
 */
public record ClusterImage(
        PersistentMap<String, Short> features,
        PersistentMap<Integer, BrokerRegistration> brokers,
        PersistentMap<Integer, RegisterControllerRecord> controllers,
        TopicsImage topics,
        PersistentMap<ConfigResource, SortedMap<String, String>> configs,
        PersistentMap<QuotaEntity, SortedMap<String, Double>> quotas,
        long nextProducerId,
        PersistentMap<Uuid, AccessControlEntryRecord> acls,
        PersistentMap<ScramUser, UserScramCredentialRecord> scram,
        PersistentMap<String, DelegationTokenRecord> tokens) {
    public static final ClusterImage EMPTY = new ClusterImage(
            PersistentMap.empty(),
            PersistentMap.empty(),
            PersistentMap.empty(),
            TopicsImage.EMPTY,
            PersistentMap.empty(),
            PersistentMap.empty(),
            0,
            PersistentMap.empty(),
            PersistentMap.empty(),
            PersistentMap.empty());

    /** The feature that turns eligible leader replicas on (KIP-966). */
    public static final String ELR_FEATURE = "eligible.leader.replicas.version";

    public Optional<BrokerRegistration> broker(int id) {
        return brokers.find(id);
    }

    /** Whether the broker is registered and not fenced. */
    public boolean isUnfenced(int brokerId) {
        BrokerRegistration broker = brokers.get(brokerId);
        return broker != null && !broker.fenced();
    }

    public Optional<TopicImage> topic(String name) {
        return topics.topic(name);
    }

    public Optional<TopicImage> topic(Uuid id) {
        return topics.topic(id);
    }

    /** The dynamic configuration of a resource, by key. */
    public SortedMap<String, String> config(ConfigResource resource) {
        return configs.getOrDefault(resource, new TreeMap<>());
    }

    /** The finalized level of a feature, 0 when it is off or unknown. */
    public short featureLevel(String name) {
        return features.getOrDefault(name, (short) 0);
    }

    /** Whether the log has its first records: before that it has no metadata version. */
    public boolean isBootstrapped() {
        return features.containsKey(MetadataVersion.FEATURE);
    }

    public MetadataVersion metadataVersion() {
        Short level = features.get(MetadataVersion.FEATURE);
        return level == null ? MetadataVersion.MINIMUM : new MetadataVersion(level);
    }

    public boolean elrEnabled() {
        return featureLevel(ELR_FEATURE) > 0;
    }

    /** All of it as records, in the order of a snapshot: replaying them gives an equal image. */
    public List<MetadataRecord> toRecords() {
        return ImageRecords.of(this);
    }

    /** Whom a quota is for, by type of entity ("user", "client-id", "ip"); an absent name, the default entity, is empty. */
    public record QuotaEntity(SortedMap<String, Optional<String>> parts) {}

    /** A user's credential for one mechanism. */
    public record ScramUser(String name, byte mechanism) {}
}
