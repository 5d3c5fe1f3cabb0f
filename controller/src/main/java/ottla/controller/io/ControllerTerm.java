package ottla.controller.io;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import ottla.controller.decide.BrokerHeartbeats;
import ottla.controller.decide.BrokerHeartbeats.ShutdownOffsets;
import ottla.controller.decide.BrokerRegistrations;
import ottla.controller.decide.ClusterFacts;
import ottla.controller.decide.ConfigRules;
import ottla.controller.decide.ControllerSettings;
import ottla.controller.decide.Liveness;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageRecords;
import ottla.controller.image.MetadataVersion;
import ottla.replication.io.MachineLoop;
import ottla.replication.io.MachineShard;
import ottla.replication.io.QuorumTerm;
import ottla.replication.machine.MachineLog;
import ottla.replication.machine.MachineRuntime;
import ottla.replication.machine.MachineTimers;
import ottla.replication.machine.Refusal;
import ottla.replication.machine.Versions;
import ottla.replication.quorum.VersionedRecord;
import ottla.wire.message.metadata.MetadataRecord;

/** Everything that lives exactly as long as this node is the active controller in one epoch. Owned by the controller's thread. */
final class ControllerTerm implements MachineLog<MetadataRecord> {
    final int epoch;
    final ControllerMachine machine;
    final MachineShard<MetadataRecord> shard;
    final MachineTimers<MetadataRecord> timers = new MachineTimers<>();
    final Liveness liveness;
    final ShutdownOffsets shutdownOffsets = new ShutdownOffsets();

    private final QuorumTerm quorum;
    private final ControllerSettings settings;
    private final ConfigRules rules;
    private long publishedEndOffset;
    private long lastAppendMs;

    ControllerTerm(
            QuorumTerm quorum,
            ClusterImage committed,
            ControllerSettings settings,
            ConfigRules rules,
            MachineLoop loop,
            Consumer<RuntimeException> defects) {
        this.quorum = quorum;
        this.settings = settings;
        this.rules = rules;
        this.epoch = quorum.epoch();
        this.publishedEndOffset = quorum.committedEndOffset();
        Versions versions = new Versions();
        machine = new ControllerMachine(versions, committed, quorum.endOffset());
        liveness = new Liveness(settings.sessionTimeoutMs());
        shard = loop.adopt("controller", new MachineRuntime<>(machine, versions, timers, defects));
        shard.lead(this);
    }

    ClusterFacts facts() {
        return new ClusterFacts(machine.image(), settings, rules);
    }

    BrokerHeartbeats heartbeats() {
        return new BrokerHeartbeats(facts(), liveness, shutdownOffsets);
    }

    BrokerRegistrations registrations() {
        return new BrokerRegistrations(facts(), liveness, shutdownOffsets);
    }

    /** Where the records of the next decision will begin. */
    long nextOffset() {
        return Math.max(machine.endOffset(), quorum.endOffset());
    }

    /** Since when nothing was written. */
    long lastAppendMs() {
        return lastAppendMs;
    }

    void wrote(long nowMs) {
        lastAppendMs = nowMs;
    }

    /** Answers may leave for what stands below: the image with it has been published. */
    void published(long endOffset) {
        publishedEndOffset = endOffset;
        shard.committed(endOffset);
    }

    @Override
    public long endOffset() {
        return quorum.endOffset();
    }

    /** What is published, not what the quorum has committed: whoever is answered finds what he did in the image. */
    @Override
    public long committedEndOffset() {
        return publishedEndOffset;
    }

    @Override
    public Append append(List<MetadataRecord> records) {
        MetadataVersion version = machine.image().metadataVersion();
        List<VersionedRecord> versioned = new ArrayList<>(records.size());
        for (MetadataRecord record : records) {
            versioned.add(new VersionedRecord(record, ImageRecords.version(record, version)));
        }
        return switch (quorum.append(versioned)) {
            case QuorumTerm.Append.Accepted accepted -> new Append.Appended(accepted.baseOffset());
            case QuorumTerm.Append.NotLeader ignored -> new Append.Refused(Refusal.NOT_LEADER);
            case QuorumTerm.Append.TooLarge ignored -> new Append.Refused(Refusal.TOO_LARGE);
            case QuorumTerm.Append.Busy ignored -> new Append.Refused(Refusal.OVERLOADED);
        };
    }
}
