package ottla.controller.image;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import ottla.base.Check;
import ottla.base.Uuid;
import ottla.controller.image.ClusterImage.QuotaEntity;
import ottla.controller.image.ClusterImage.ScramUser;
import ottla.wire.message.metadata.AbortTransactionRecord;
import ottla.wire.message.metadata.AccessControlEntryRecord;
import ottla.wire.message.metadata.BeginTransactionRecord;
import ottla.wire.message.metadata.BrokerRegistrationChangeRecord;
import ottla.wire.message.metadata.ClearElrRecord;
import ottla.wire.message.metadata.ClientQuotaRecord;
import ottla.wire.message.metadata.ConfigRecord;
import ottla.wire.message.metadata.DelegationTokenRecord;
import ottla.wire.message.metadata.EndTransactionRecord;
import ottla.wire.message.metadata.FeatureLevelRecord;
import ottla.wire.message.metadata.FenceBrokerRecord;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.NoOpRecord;
import ottla.wire.message.metadata.PartitionChangeRecord;
import ottla.wire.message.metadata.PartitionRecord;
import ottla.wire.message.metadata.ProducerIdsRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord;
import ottla.wire.message.metadata.RegisterControllerRecord;
import ottla.wire.message.metadata.RemoveAccessControlEntryRecord;
import ottla.wire.message.metadata.RemoveDelegationTokenRecord;
import ottla.wire.message.metadata.RemoveTopicRecord;
import ottla.wire.message.metadata.RemoveUserScramCredentialRecord;
import ottla.wire.message.metadata.TopicRecord;
import ottla.wire.message.metadata.UnfenceBrokerRecord;
import ottla.wire.message.metadata.UnregisterBrokerRecord;
import ottla.wire.message.metadata.UserScramCredentialRecord;
import ottla.wire.message.metadata.ZkMigrationStateRecord;

/**
 * The way from one image to a later one: takes in records in the order of the log, remembers what they touched, and gives the
 * image after them. A topic's partitions are put together once, when the image is asked for, however many records changed them.
 *
 * <p>Lifecycle: made from an image, fed by one thread, then {@link #toImage}; after that it is only read, by listeners that want
 * to know what changed, on any thread.
 */
public final class ImageDelta {
    private final ClusterImage base;

    private final Map<Uuid, TopicDelta> topics = new LinkedHashMap<>();
    private final Map<String, Uuid> createdNames = new HashMap<>();
    private final Map<Uuid, TopicImage> deletedTopics = new LinkedHashMap<>();
    private final Set<Integer> changedBrokers = new LinkedHashSet<>();
    private final Set<ConfigResource> changedConfigs = new LinkedHashSet<>();
    private final Set<String> changedFeatures = new LinkedHashSet<>();
    private final Set<QuotaEntity> changedQuotas = new LinkedHashSet<>();
    private final Set<Uuid> changedAcls = new LinkedHashSet<>();
    private final Set<ScramUser> changedScram = new LinkedHashSet<>();
    private final Set<String> changedTokens = new LinkedHashSet<>();

    private PersistentMap<String, Short> features;
    private PersistentMap<Integer, BrokerRegistration> brokers;
    private PersistentMap<Integer, RegisterControllerRecord> controllers;
    private PersistentMap<ConfigResource, SortedMap<String, String>> configs;
    private PersistentMap<QuotaEntity, SortedMap<String, Double>> quotas;
    private long nextProducerId;
    private PersistentMap<Uuid, AccessControlEntryRecord> acls;
    private PersistentMap<ScramUser, UserScramCredentialRecord> scram;
    private PersistentMap<String, DelegationTokenRecord> tokens;

    public ImageDelta(ClusterImage base) {
        this.base = base;
        this.features = base.features();
        this.brokers = base.brokers();
        this.controllers = base.controllers();
        this.configs = base.configs();
        this.quotas = base.quotas();
        this.nextProducerId = base.nextProducerId();
        this.acls = base.acls();
        this.scram = base.scram();
        this.tokens = base.tokens();
    }

    /** What lies between two images that a log does not join, such as the one held and the one of a snapshot that replaces it. */
    public static ImageDelta between(ClusterImage before, ClusterImage after) {
        ImageDelta delta = new ImageDelta(before);
        delta.features = after.features();
        delta.brokers = after.brokers();
        delta.controllers = after.controllers();
        delta.configs = after.configs();
        delta.quotas = after.quotas();
        delta.nextProducerId = after.nextProducerId();
        delta.acls = after.acls();
        delta.scram = after.scram();
        delta.tokens = after.tokens();
        differences(before.features(), after.features(), delta.changedFeatures);
        differences(before.brokers(), after.brokers(), delta.changedBrokers);
        differences(before.configs(), after.configs(), delta.changedConfigs);
        differences(before.quotas(), after.quotas(), delta.changedQuotas);
        differences(before.acls(), after.acls(), delta.changedAcls);
        differences(before.scram(), after.scram(), delta.changedScram);
        differences(before.tokens(), after.tokens(), delta.changedTokens);
        for (TopicImage topic : before.topics().all()) {
            if (!after.topics().byId().containsKey(topic.id())) {
                delta.deletedTopics.put(topic.id(), topic);
            }
        }
        for (TopicImage topic : after.topics().all()) {
            TopicImage known = before.topics()
                    .topic(topic.id())
                    .orElseGet(() -> new TopicImage(topic.name(), topic.id(), PartitionTable.EMPTY));
            TopicDelta change = TopicDelta.between(known, topic);
            if (!change.changedPartitions().isEmpty()) {
                delta.topics.put(topic.id(), change);
            }
        }
        return delta;
    }

    private static <K, V> void differences(PersistentMap<K, V> before, PersistentMap<K, V> after, Set<K> changed) {
        before.forEach((key, value) -> {
            if (!after.containsKey(key)) {
                changed.add(key);
            }
        });
        after.forEach((key, value) -> {
            if (!value.equals(before.get(key))) {
                changed.add(key);
            }
        });
    }

    public ClusterImage base() {
        return base;
    }

    /** The topics that were created or changed, by id. */
    public Map<Uuid, TopicDelta> changedTopics() {
        return topics;
    }

    /** The topics that are gone, as they were. */
    public Map<Uuid, TopicImage> deletedTopics() {
        return deletedTopics;
    }

    /** The brokers that registered, changed or went. */
    public Set<Integer> changedBrokers() {
        return changedBrokers;
    }

    public Set<ConfigResource> changedConfigs() {
        return changedConfigs;
    }

    public Set<String> changedFeatures() {
        return changedFeatures;
    }

    public Set<QuotaEntity> changedQuotas() {
        return changedQuotas;
    }

    public Set<Uuid> changedAcls() {
        return changedAcls;
    }

    public Set<ScramUser> changedScram() {
        return changedScram;
    }

    public Set<String> changedTokens() {
        return changedTokens;
    }

    /** Takes in the next record. */
    public void apply(MetadataRecord record) {
        switch (record) {
            case TopicRecord topic -> createTopic(topic);
            case PartitionRecord partition -> topic(partition.topicId()).put(partition);
            case PartitionChangeRecord change -> topic(change.topicId()).change(change);
            case RemoveTopicRecord removal -> removeTopic(removal.topicId());
            case ClearElrRecord clear -> clearElr(clear.topicName());
            case ConfigRecord config -> config(config);
            case FeatureLevelRecord feature -> feature(feature);
            case RegisterBrokerRecord broker -> broker(new BrokerRegistration(broker));
            case BrokerRegistrationChangeRecord change -> changeBroker(change);
            case FenceBrokerRecord fence -> broker(broker(fence.id()).withFenced(true));
            case UnfenceBrokerRecord unfence -> broker(broker(unfence.id()).withFenced(false));
            case UnregisterBrokerRecord broker -> {
                brokers = brokers.without(broker.brokerId());
                changedBrokers.add(broker.brokerId());
            }
            case RegisterControllerRecord controller ->
                controllers = controllers.with(controller.controllerId(), controller);
            case ProducerIdsRecord ids -> nextProducerId = ids.nextProducerId();
            case ClientQuotaRecord quota -> quota(quota);
            case AccessControlEntryRecord acl -> {
                acls = acls.with(acl.id(), acl);
                changedAcls.add(acl.id());
            }
            case RemoveAccessControlEntryRecord acl -> {
                acls = acls.without(acl.id());
                changedAcls.add(acl.id());
            }
            case UserScramCredentialRecord credential -> {
                ScramUser user = new ScramUser(credential.name(), credential.mechanism());
                scram = scram.with(user, credential);
                changedScram.add(user);
            }
            case RemoveUserScramCredentialRecord credential -> {
                ScramUser user = new ScramUser(credential.name(), credential.mechanism());
                scram = scram.without(user);
                changedScram.add(user);
            }
            case DelegationTokenRecord token -> {
                tokens = tokens.with(token.tokenId(), token);
                changedTokens.add(token.tokenId());
            }
            case RemoveDelegationTokenRecord token -> {
                tokens = tokens.without(token.tokenId());
                changedTokens.add(token.tokenId());
            }
            // transactions are the business of whoever feeds this; the others say nothing about the cluster
            case BeginTransactionRecord ignored -> {}
            case EndTransactionRecord ignored -> {}
            case AbortTransactionRecord ignored -> {}
            case NoOpRecord ignored -> {}
            case ZkMigrationStateRecord ignored -> {}
        }
    }

    /** The image after all records so far. */
    public ClusterImage toImage() {
        TopicsImage next = base.topics();
        for (Uuid deleted : deletedTopics.keySet()) {
            next = next.without(deleted);
        }
        for (TopicDelta topic : topics.values()) {
            next = next.with(topic.toImage());
        }
        return new ClusterImage(
                features, brokers, controllers, next, configs, quotas, nextProducerId, acls, scram, tokens);
    }

    private void createTopic(TopicRecord record) {
        topics.put(
                record.topicId(),
                new TopicDelta(new TopicImage(record.name(), record.topicId(), PartitionTable.EMPTY)));
        createdNames.put(record.name(), record.topicId());
    }

    private void removeTopic(Uuid topicId) {
        TopicDelta changed = topics.remove(topicId);
        Optional<TopicImage> known = base.topics().topic(topicId);
        known.ifPresent(topic -> deletedTopics.put(topicId, topic));
        Check.invariant(changed != null || known.isPresent(), "a topic is removed once and after it was created");
        String name =
                changed != null ? changed.name() : known.map(TopicImage::name).orElseThrow();
        createdNames.remove(name, topicId);
        ConfigResource resource = ConfigResource.topic(name);
        if (configs.containsKey(resource)) {
            configs = configs.without(resource);
            changedConfigs.add(resource);
        }
    }

    private TopicDelta topic(Uuid topicId) {
        TopicDelta delta = topics.get(topicId);
        if (delta == null) {
            TopicImage topic = base.topics().byId().get(topicId);
            Check.invariant(
                    topic != null && !deletedTopics.containsKey(topicId), "a partition's record follows its topic's");
            delta = new TopicDelta(Objects.requireNonNull(topic));
            topics.put(topicId, delta);
        }
        return delta;
    }

    private void clearElr(String topicName) {
        if (topicName.isEmpty()) {
            base.topics().all().forEach(topic -> {
                if (!deletedTopics.containsKey(topic.id())) {
                    topic(topic.id()).clearElr();
                }
            });
            topics.values().forEach(TopicDelta::clearElr);
        } else {
            Uuid created = createdNames.get(topicName);
            Optional.ofNullable(created)
                    .or(() -> base.topics().idsByName().find(topicName))
                    .ifPresent(id -> topic(id).clearElr());
        }
    }

    private void config(ConfigRecord record) {
        ConfigResource resource =
                new ConfigResource(ConfigResource.Type.of(record.resourceType()).orElseThrow(), record.resourceName());
        SortedMap<String, String> entries = new TreeMap<>(configs.getOrDefault(resource, new TreeMap<>()));
        String value = record.value();
        if (value == null) {
            entries.remove(record.name());
        } else {
            entries.put(record.name(), value);
        }
        configs = entries.isEmpty() ? configs.without(resource) : configs.with(resource, entries);
        changedConfigs.add(resource);
    }

    private void feature(FeatureLevelRecord record) {
        features = record.featureLevel() == 0
                ? features.without(record.name())
                : features.with(record.name(), record.featureLevel());
        changedFeatures.add(record.name());
    }

    private BrokerRegistration broker(int id) {
        BrokerRegistration broker = brokers.get(id);
        Check.invariant(broker != null, "a broker changes after it registered", id, id);
        return Objects.requireNonNull(broker);
    }

    private void broker(BrokerRegistration broker) {
        brokers = brokers.with(broker.id(), broker);
        changedBrokers.add(broker.id());
    }

    private void changeBroker(BrokerRegistrationChangeRecord change) {
        BrokerRegistration broker = broker(change.brokerId());
        Check.invariant(
                broker.epoch() == change.brokerEpoch(),
                "a change names the registration that it is about",
                change.brokerEpoch(),
                broker.epoch());
        broker(broker.after(change));
    }

    private void quota(ClientQuotaRecord record) {
        SortedMap<String, Optional<String>> parts = new TreeMap<>();
        record.entity().forEach(part -> parts.put(part.entityType(), Optional.ofNullable(part.entityName())));
        QuotaEntity entity = new QuotaEntity(parts);
        SortedMap<String, Double> limits = new TreeMap<>(quotas.getOrDefault(entity, new TreeMap<>()));
        if (record.remove()) {
            limits.remove(record.key());
        } else {
            limits.put(record.key(), record.value());
        }
        quotas = limits.isEmpty() ? quotas.without(entity) : quotas.with(entity, limits);
        changedQuotas.add(entity);
    }
}
