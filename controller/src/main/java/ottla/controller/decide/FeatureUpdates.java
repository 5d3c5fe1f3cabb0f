package ottla.controller.decide;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import ottla.base.ErrorCode;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.Feature;
import ottla.controller.image.MetadataVersion;
import ottla.replication.machine.Decision;
import ottla.wire.message.UpdateFeaturesRequest;
import ottla.wire.message.UpdateFeaturesRequest.FeatureUpdateKey;
import ottla.wire.message.UpdateFeaturesResponse;
import ottla.wire.message.UpdateFeaturesResponse.UpdatableFeatureResult;
import ottla.wire.message.metadata.FeatureLevelRecord;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.NoOpRecord;
import ottla.wire.message.metadata.RegisterControllerRecord;

/** UpdateFeatures (KIP-584, KIP-778): all updates of a request are made, or none. */
public final class FeatureUpdates {
    private static final int FIRST_VERSION_WITHOUT_RESULTS = 2;

    private final ClusterFacts facts;
    private final short kraftVersion;

    /** {@code kraftVersion} is finalized in the quorum's own records, so the image does not have it. */
    public FeatureUpdates(ClusterFacts facts, short kraftVersion) {
        this.facts = facts;
        this.kraftVersion = kraftVersion;
    }

    public Decision<MetadataRecord, UpdateFeaturesResponse> update(UpdateFeaturesRequest request, int version) {
        Map<String, Short> proposed = new LinkedHashMap<>(facts.image().features());
        request.featureUpdates().forEach(update -> proposed.put(update.feature(), update.maxVersionLevel()));
        List<MetadataRecord> records = new ArrayList<>();
        List<UpdatableFeatureResult> results = new ArrayList<>();
        for (FeatureUpdateKey update : request.featureUpdates()) {
            Optional<String> refused = update(update, kind(update, version), proposed, records);
            if (refused.isPresent()) {
                return Decision.of(refusal(refused.get()));
            }
            results.add(new UpdatableFeatureResult(update.feature(), ErrorCode.NONE.code(), ""));
        }
        if (turnsElrOn(records)) {
            records.addAll(0, Activation.elrSafety(facts.image(), facts.settings()));
        }
        UpdateFeaturesResponse answer = UpdateFeaturesResponse.DEFAULT;
        return new Decision<>(
                request.validateOnly() ? List.of() : records,
                version < FIRST_VERSION_WITHOUT_RESULTS ? answer.withResults(results) : answer);
    }

    /** Why not; empty if the records for it were added. */
    private Optional<String> update(
            FeatureUpdateKey update, Kind kind, Map<String, Short> proposed, List<MetadataRecord> records) {
        String name = update.feature();
        short level = update.maxVersionLevel();
        if (kind == Kind.UNKNOWN) {
            return invalid(name, level, "The controller does not support the given upgrade type.");
        }
        short present = name.equals(Feature.KRAFT_VERSION.featureName())
                ? kraftVersion
                : facts.image().featureLevel(name);
        if (level < 0) {
            return invalid(name, level, "A feature version cannot be less than 0.");
        }
        Optional<String> unsupported = reasonNotSupported(name, level);
        if (unsupported.isPresent()) {
            return invalid(name, level, unsupported.get());
        }
        if (level < present && kind == Kind.UPGRADE) {
            return invalid(
                    name,
                    level,
                    "Can't downgrade the version of this feature without setting the upgrade type to either safe or "
                            + "unsafe downgrade.");
        }
        if (level > present && kind != Kind.UPGRADE) {
            return invalid(name, level, "Can't downgrade to a newer version.");
        }
        if (name.equals(MetadataVersion.FEATURE)) {
            return updateMetadataVersion(level, kind, records);
        }
        if (name.equals(Feature.KRAFT_VERSION.featureName())) {
            if (kind == Kind.UPGRADE) {
                // The quorum has appended the level itself; this waits behind it until it is committed.
                records.add(NoOpRecord.DEFAULT);
                return Optional.empty();
            }
            return level == present
                    ? Optional.empty()
                    : invalid(name, level, "Can't downgrade the version of this feature.");
        }
        Optional<Feature> known = Feature.of(name);
        if (known.isEmpty()) {
            return invalid(name, level, "Feature " + name + " not found.");
        }
        MetadataVersion needed = known.get().metadataVersionFor(level);
        short metadataLevel = proposed.getOrDefault(MetadataVersion.FEATURE, (short) 0);
        if (metadataLevel < needed.level()) {
            return invalid(
                    name,
                    level,
                    "It depends on level " + needed.level() + " (" + needed + ") of " + MetadataVersion.FEATURE + ".");
        }
        records.add(new FeatureLevelRecord(name, level));
        return Optional.empty();
    }

    private Optional<String> updateMetadataVersion(short level, Kind kind, List<MetadataRecord> records) {
        MetadataVersion present = facts.image().metadataVersion();
        Optional<MetadataVersion> wanted = MetadataVersion.of(level);
        if (wanted.isEmpty()) {
            return Optional.of("Invalid metadata.version " + level + ". Valid versions are from "
                    + MetadataVersion.MINIMUM.level() + " to " + MetadataVersion.LATEST.level() + ".");
        }
        boolean lossy = level < present.level() && present.changedRecordsSince(wanted.get());
        if (lossy) {
            String reason = kind == Kind.UNSAFE_DOWNGRADE
                    ? "Unsafe metadata downgrade is not supported in this version."
                    : "Refusing to perform the requested downgrade because it might delete metadata information.";
            return Optional.of(
                    "Unsupported metadata.version downgrade from " + present.level() + " to " + level + ". " + reason);
        }
        records.add(new FeatureLevelRecord(MetadataVersion.FEATURE, level));
        return Optional.empty();
    }

    private Optional<String> reasonNotSupported(String name, short level) {
        Optional<Feature> known = Feature.of(name);
        String local = "Local controller " + facts.settings().nodeId();
        Optional<String> reason = known.isEmpty()
                ? notSupported(local, level, 0, 0)
                : notSupported(
                        local,
                        level,
                        known.get().minLevel(),
                        known.get().maxLevel(facts.settings().featureLevels()));
        for (BrokerRegistration broker : facts.image().brokers().values()) {
            if (reason.isEmpty()) {
                reason = broker.feature(name)
                        .map(range -> notSupported(
                                "Broker " + broker.id(),
                                level,
                                range.minSupportedVersion(),
                                range.maxSupportedVersion()))
                        .orElseGet(() -> notSupported("Broker " + broker.id(), level, 0, 0));
            }
        }
        for (RegisterControllerRecord controller : facts.image().controllers().values()) {
            if (reason.isEmpty()
                    && controller.controllerId() != facts.settings().nodeId()) {
                String who = "Controller " + controller.controllerId();
                reason = controller.features().stream()
                        .filter(feature -> feature.name().equals(name))
                        .findFirst()
                        .map(range ->
                                notSupported(who, level, range.minSupportedVersion(), range.maxSupportedVersion()))
                        .orElseGet(() -> notSupported(who, level, 0, 0));
            }
        }
        return reason;
    }

    /** Level 0 turns a feature off, which a node that never heard of it supports as well. */
    private static Optional<String> notSupported(String who, short level, int min, int max) {
        if (level >= min && level <= max) {
            return Optional.empty();
        }
        return Optional.of(
                max == 0
                        ? who + " does not support this feature."
                        : who + " only supports versions " + min + "-" + max);
    }

    private static boolean turnsElrOn(List<MetadataRecord> records) {
        return records.stream()
                .anyMatch(record -> record instanceof FeatureLevelRecord feature
                        && feature.name().equals(ClusterImage.ELR_FEATURE)
                        && feature.featureLevel() > 0);
    }

    private static Optional<String> invalid(String feature, short level, String reason) {
        return Optional.of("Invalid update version " + level + " for feature " + feature + ". " + reason);
    }

    private static UpdateFeaturesResponse refusal(String message) {
        return refusal(ErrorCode.INVALID_UPDATE_VERSION, Optional.of(message));
    }

    /** The answer to a request of which one update is not made, and so none. */
    public static UpdateFeaturesResponse refusal(ErrorCode error, Optional<String> message) {
        return message.map(reason -> UpdateFeaturesResponse.DEFAULT
                        .withErrorCode(error.code())
                        .withErrorMessage(
                                "The update failed for all features since the following feature had an error: "
                                        + reason))
                .orElseGet(() -> UpdateFeaturesResponse.DEFAULT.withErrorCode(error.code()));
    }

    /** The level to which the quorum shall raise {@code kraft.version}, if that is asked for. */
    public static OptionalInt raisedKRaftVersion(UpdateFeaturesRequest request, int version) {
        return request.featureUpdates().stream()
                .filter(update -> update.feature().equals(Feature.KRAFT_VERSION.featureName()))
                .filter(update -> kind(update, version) == Kind.UPGRADE)
                .mapToInt(FeatureUpdateKey::maxVersionLevel)
                .findFirst();
    }

    private static Kind kind(FeatureUpdateKey update, int version) {
        if (version == 0) {
            return update.allowDowngrade() ? Kind.SAFE_DOWNGRADE : Kind.UPGRADE;
        }
        return switch (update.upgradeType()) {
            case 1 -> Kind.UPGRADE;
            case 2 -> Kind.SAFE_DOWNGRADE;
            case 3 -> Kind.UNSAFE_DOWNGRADE;
            default -> Kind.UNKNOWN;
        };
    }

    private enum Kind {
        UPGRADE,
        SAFE_DOWNGRADE,
        UNSAFE_DOWNGRADE,
        UNKNOWN
    }
}
