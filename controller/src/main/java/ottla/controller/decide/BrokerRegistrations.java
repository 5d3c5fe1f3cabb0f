package ottla.controller.decide;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.Directories;
import ottla.controller.image.MetadataVersion;
import ottla.replication.machine.Decision;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.BrokerRegistrationRequest.Feature;
import ottla.wire.message.BrokerRegistrationResponse;
import ottla.wire.message.ControllerRegistrationRequest;
import ottla.wire.message.ControllerRegistrationResponse;
import ottla.wire.message.UnregisterBrokerRequest;
import ottla.wire.message.UnregisterBrokerResponse;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerEndpoint;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerFeature;
import ottla.wire.message.metadata.RegisterControllerRecord;
import ottla.wire.message.metadata.RegisterControllerRecord.ControllerEndpoint;
import ottla.wire.message.metadata.RegisterControllerRecord.ControllerFeature;
import ottla.wire.message.metadata.UnregisterBrokerRecord;

/** Brokers and controllers that come and go for good. */
public final class BrokerRegistrations {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerRegistrations.class);

    private final ClusterFacts facts;
    private final Liveness liveness;
    private final BrokerHeartbeats.ShutdownOffsets shutdownOffsets;

    public BrokerRegistrations(
            ClusterFacts facts, Liveness liveness, BrokerHeartbeats.ShutdownOffsets shutdownOffsets) {
        this.facts = facts;
        this.liveness = liveness;
        this.shutdownOffsets = shutdownOffsets;
    }

    /**
     * A broker process announces itself. Its epoch is where the records of this decision begin in the log, so that a later
     * incarnation has a higher one; the same incarnation, asking again, keeps its epoch. If it was about to stop it begins with that
     * anew at its next heartbeat.
     */
    public Decision<MetadataRecord, BrokerRegistrationResponse> register(
            BrokerRegistrationRequest request, long endOffset, long nowMs) {
        Optional<BrokerRegistration> known = facts.image().broker(request.brokerId());
        Optional<ErrorCode> refused = reasonRefused(request, known, nowMs);
        if (refused.isPresent()) {
            return Decision.of(BrokerRegistrationResponse.DEFAULT.withErrorCode(
                    refused.get().code()));
        }
        List<MetadataRecord> records = new ArrayList<>();
        boolean newIncarnation = known.filter(broker -> broker.incarnation().equals(request.incarnationId()))
                .isEmpty();
        if (newIncarnation) {
            // an earlier broker of this id may have been unregistered, and then nobody knows how it stopped
            LeaderChanges leaders = new LeaderChanges(facts);
            boolean clean = !facts.image().elrEnabled()
                    || known.filter(broker -> broker.epoch() == request.previousBrokerEpoch())
                            .isPresent();
            records.addAll(clean ? leaders.onLeft(request.brokerId()) : leaders.onStoppedUncleanly(request.brokerId()));
        }
        long epoch = newIncarnation ? endOffset : known.orElseThrow().epoch();
        records.add(record(request, epoch, newIncarnation ? Optional.empty() : known));
        shutdownOffsets.forget(request.brokerId());
        return new Decision<>(records, BrokerRegistrationResponse.DEFAULT.withBrokerEpoch(epoch));
    }

    private Optional<ErrorCode> reasonRefused(
            BrokerRegistrationRequest request, Optional<BrokerRegistration> known, long nowMs) {
        int id = request.brokerId();
        if (!request.clusterId().equals(facts.settings().clusterId())) {
            return refuse(id, ErrorCode.INCONSISTENT_CLUSTER_ID, "its cluster id is '" + request.clusterId() + "'");
        }
        if (known.isPresent() && !known.get().incarnation().equals(request.incarnationId())) {
            boolean stillAlive = liveness.hasSession(id, known.get().epoch(), nowMs)
                    && !known.get().inControlledShutdown()
                    && (facts.settings().brokerInProcess().orElse(-1) != id || liveness.wasHeard(id));
            if (stillAlive) {
                return refuse(id, ErrorCode.DUPLICATE_BROKER_REGISTRATION, "another incarnation has a valid session");
            }
        }
        if (request.isMigratingZkBroker()) {
            return refuse(id, ErrorCode.BROKER_ID_NOT_REGISTERED, "brokers of ZooKeeper are not supported");
        }
        return directoriesRefused(request).or(() -> featuresRefused(request));
    }

    private Optional<ErrorCode> directoriesRefused(BrokerRegistrationRequest request) {
        int id = request.brokerId();
        if (!facts.image().metadataVersion().hasDirectories()) {
            return Optional.empty();
        }
        if (request.logDirs().isEmpty()) {
            return refuse(id, ErrorCode.INVALID_REGISTRATION, "it names no directory");
        }
        if (!request.logDirs().stream().allMatch(Directories::isReal)) {
            return refuse(id, ErrorCode.INVALID_REGISTRATION, "it names a directory by a reserved id");
        }
        if (new HashSet<>(request.logDirs()).size() != request.logDirs().size()) {
            return refuse(id, ErrorCode.INVALID_REGISTRATION, "it names a directory twice");
        }
        for (BrokerRegistration other : facts.image().brokers().values()) {
            for (Uuid directory : request.logDirs()) {
                if (other.id() != id && other.directories().contains(directory)) {
                    return refuse(
                            id,
                            ErrorCode.INVALID_REGISTRATION,
                            "directory " + directory + " belongs to broker " + other.id());
                }
            }
        }
        return Optional.empty();
    }

    private Optional<ErrorCode> featuresRefused(BrokerRegistrationRequest request) {
        int id = request.brokerId();
        Map<String, Short> finalized = facts.image().features();
        for (Feature feature : request.features()) {
            short level = finalized.getOrDefault(feature.name(), (short) 0);
            boolean levelMatters = level != 0 || feature.name().equals(MetadataVersion.FEATURE);
            if (levelMatters && (level < feature.minSupportedVersion() || level > feature.maxSupportedVersion())) {
                return refuse(
                        id,
                        ErrorCode.UNSUPPORTED_VERSION,
                        "it does not support level " + level + " of " + feature.name() + ", only "
                                + feature.minSupportedVersion() + " to " + feature.maxSupportedVersion());
            }
        }
        if (request.features().stream().noneMatch(feature -> feature.name().equals(MetadataVersion.FEATURE))) {
            return refuse(id, ErrorCode.INVALID_REGISTRATION, "it does not tell its levels of metadata.version");
        }
        Set<String> known = request.features().stream().map(Feature::name).collect(Collectors.toSet());
        for (Map.Entry<String, Short> required : finalized.entrySet()) {
            if (required.getValue() != 0 && !known.contains(required.getKey())) {
                return refuse(
                        id,
                        ErrorCode.UNSUPPORTED_VERSION,
                        "it does not know " + required.getKey() + ", which is at level " + required.getValue());
            }
        }
        return Optional.empty();
    }

    private static Optional<ErrorCode> refuse(int brokerId, ErrorCode error, String reason) {
        LOG.info("broker {} may not register: {}", brokerId, reason);
        return Optional.of(error);
    }

    private RegisterBrokerRecord record(
            BrokerRegistrationRequest request, long epoch, Optional<BrokerRegistration> sameIncarnation) {
        List<BrokerEndpoint> endpoints = request.listeners().stream()
                .map(listener -> new BrokerEndpoint(
                        listener.name(), listener.host(), listener.port(), listener.securityProtocol()))
                .toList();
        List<BrokerFeature> features = request.features().stream()
                .map(feature ->
                        new BrokerFeature(feature.name(), feature.minSupportedVersion(), feature.maxSupportedVersion()))
                .toList();
        return RegisterBrokerRecord.DEFAULT
                .withBrokerId(request.brokerId())
                .withIncarnationId(request.incarnationId())
                .withBrokerEpoch(epoch)
                .withEndPoints(endpoints)
                .withFeatures(features)
                .withRack(request.rack())
                .withFenced(sameIncarnation.map(BrokerRegistration::fenced).orElse(true))
                .withInControlledShutdown(sameIncarnation
                        .map(BrokerRegistration::inControlledShutdown)
                        .orElse(false))
                .withLogDirs(
                        facts.image().metadataVersion().hasDirectories() ? List.copyOf(request.logDirs()) : List.of());
    }

    /** Takes a broker out of the cluster that will not come back. */
    public Decision<MetadataRecord, UnregisterBrokerResponse> unregister(UnregisterBrokerRequest request) {
        int id = request.brokerId();
        Optional<BrokerRegistration> known = facts.image().broker(id);
        if (known.isEmpty()) {
            return Decision.of(UnregisterBrokerResponse.DEFAULT
                    .withErrorCode(ErrorCode.BROKER_ID_NOT_REGISTERED.code())
                    .withErrorMessage("Broker ID " + id + " is not currently registered"));
        }
        List<MetadataRecord> records = new ArrayList<>(new LeaderChanges(facts).onUnregistered(id));
        records.add(new UnregisterBrokerRecord(id, known.get().epoch()));
        return new Decision<>(records, UnregisterBrokerResponse.DEFAULT);
    }

    /** A controller tells where it listens and what it supports (KIP-919). */
    public Decision<MetadataRecord, ControllerRegistrationResponse> registerController(
            ControllerRegistrationRequest request) {
        ClusterImage image = facts.image();
        if (!image.metadataVersion().hasControllerRegistration()) {
            return Decision.of(ControllerRegistrationResponse.DEFAULT
                    .withErrorCode(ErrorCode.UNSUPPORTED_VERSION.code())
                    .withErrorMessage("The current metadata version is too old for controllers to register."));
        }
        List<ControllerEndpoint> endpoints = request.listeners().stream()
                .map(listener -> new ControllerEndpoint(
                        listener.name(), listener.host(), listener.port(), listener.securityProtocol()))
                .toList();
        List<ControllerFeature> features = request.features().stream()
                .map(feature -> new ControllerFeature(
                        feature.name(), feature.minSupportedVersion(), feature.maxSupportedVersion()))
                .toList();
        RegisterControllerRecord record = new RegisterControllerRecord(
                request.controllerId(), request.incarnationId(), request.zkMigrationReady(), endpoints, features);
        return new Decision<>(List.of(record), ControllerRegistrationResponse.DEFAULT);
    }
}
