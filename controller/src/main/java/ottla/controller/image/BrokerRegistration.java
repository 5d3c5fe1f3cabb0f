package ottla.controller.image;

import java.util.List;
import java.util.Optional;
import ottla.base.Uuid;
import ottla.wire.message.metadata.BrokerRegistrationChangeRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerEndpoint;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerFeature;

/** One registered broker: its record, kept up to date. */
public record BrokerRegistration(RegisterBrokerRecord record) {
    public int id() {
        return record.brokerId();
    }

    /** The offset of the registration in the metadata log: a broker that registers again has a higher one. */
    public long epoch() {
        return record.brokerEpoch();
    }

    public Uuid incarnation() {
        return record.incarnationId();
    }

    public boolean fenced() {
        return record.fenced();
    }

    public boolean inControlledShutdown() {
        return record.inControlledShutdown();
    }

    /** Whether it may lead partitions and join in-sync sets. */
    public boolean active() {
        return !fenced() && !inControlledShutdown();
    }

    public Optional<String> rack() {
        return Optional.ofNullable(record.rack());
    }

    public List<BrokerEndpoint> endpoints() {
        return record.endPoints();
    }

    public Optional<BrokerEndpoint> endpoint(String listener) {
        return record.endPoints().stream()
                .filter(endpoint -> endpoint.name().equals(listener))
                .findFirst();
    }

    public Optional<BrokerFeature> feature(String name) {
        return record.features().stream()
                .filter(feature -> feature.name().equals(name))
                .findFirst();
    }

    public List<Uuid> directories() {
        return record.logDirs();
    }

    public List<Uuid> cordonedDirectories() {
        List<Uuid> cordoned = record.cordonedLogDirs();
        return cordoned == null ? List.of() : cordoned;
    }

    /** Whether none of its directories takes new replicas (KIP-1066). */
    public boolean isWhollyCordoned() {
        return !directories().isEmpty() && cordonedDirectories().containsAll(directories());
    }

    /** Whether a replica in that directory of this broker may be online. */
    public boolean hasOnlineDirectory(Uuid directory) {
        return Directories.isOnline(directory, directories());
    }

    BrokerRegistration withFenced(boolean fenced) {
        return new BrokerRegistration(record.withFenced(fenced));
    }

    BrokerRegistration after(BrokerRegistrationChangeRecord change) {
        RegisterBrokerRecord next = record;
        if (change.fenced() != 0) {
            next = next.withFenced(change.fenced() > 0);
        }
        if (change.inControlledShutdown() != 0) {
            next = next.withInControlledShutdown(change.inControlledShutdown() > 0);
        }
        if (!change.logDirs().isEmpty()) {
            next = next.withLogDirs(List.copyOf(change.logDirs()));
        }
        List<Uuid> cordoned = change.cordonedLogDirs();
        if (cordoned != null) {
            next = next.withCordonedLogDirs(List.copyOf(cordoned));
        }
        return new BrokerRegistration(next);
    }
}
