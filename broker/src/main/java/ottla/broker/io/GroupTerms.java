package ottla.broker.io;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.Uuid;
import ottla.coordinator.group.GroupRecord;
import ottla.coordinator.group.GroupRecordFormat;
import ottla.coordinator.io.GroupCoordinator;
import ottla.replication.io.MachineReplay;
import ottla.replication.io.MachineShard;
import ottla.replication.io.Replica;
import ottla.replication.io.ReplicaMachineLog;
import ottla.replication.machine.RecordFormat;
import ottla.wire.compress.Codec;

/**
 * Binds the group coordinator to the partitions of {@code __consumer_offsets} that this node leads: each term first reads the
 * partition, then serves from what it read.
 *
 * <p>{@link #lead} and {@link #resign} are called by the thread that carries out the metadata.
 */
final class GroupTerms {
    private static final Logger LOG = LoggerFactory.getLogger(GroupTerms.class);

    private final GroupCoordinator groups;
    private final Executor diskThreads;
    private final InstantSource clock;
    private final Codec codec;
    private final Map<Integer, Term> terms = new ConcurrentHashMap<>();

    /** @param codec {@code offsets.topic.compression.codec} */
    GroupTerms(GroupCoordinator groups, Executor diskThreads, InstantSource clock, Codec codec) {
        this.groups = groups;
        this.diskThreads = diskThreads;
        this.clock = clock;
        this.codec = codec;
    }

    /** What a term has to end when it is over. */
    private record Term(MachineReplay<GroupRecord> replay, ReplicaMachineLog<GroupRecord> log) {}

    void lead(int partition, Replica replica) {
        resign(partition);
        int epoch = replica.leadership().leaderEpoch();
        MachineShard<GroupRecord> shard = groups.load(partition);
        ReplicaMachineLog<GroupRecord> log =
                new ReplicaMachineLog<>(replica, epoch, Format.INSTANCE, codec, clock, shard);
        MachineReplay<GroupRecord> replay = new MachineReplay<>(
                replica, epoch, Format.INSTANCE, shard, diskThreads, ended -> loaded(partition, ended, log));
        terms.put(partition, new Term(replay, log));
        replay.start();
    }

    private void loaded(int partition, MachineReplay.Ended ended, ReplicaMachineLog<GroupRecord> log) {
        if (ended == MachineReplay.Ended.COMPLETE) {
            groups.lead(partition, log);
            log.follow();
        } else {
            LOG.warn("The groups of partition {} are not served: {}", partition, ended);
        }
    }

    void resign(int partition) {
        Term term = terms.remove(partition);
        if (term != null) {
            term.replay.cancel();
            term.log.end();
            groups.resign(partition);
        }
    }

    void topicsDeleted(Map<String, Uuid> idsByName) {
        groups.topicsDeleted(idsByName);
    }

    void close() {
        terms.keySet().forEach(this::resign);
    }

    private enum Format implements RecordFormat<GroupRecord> {
        INSTANCE;

        @Override
        public ByteBuffer key(GroupRecord record) {
            return GroupRecordFormat.keyBytes(record);
        }

        @Override
        public @Nullable ByteBuffer value(GroupRecord record) {
            return GroupRecordFormat.valueBytes(record);
        }

        @Override
        public Optional<GroupRecord> read(ByteBuffer key, @Nullable ByteBuffer value) {
            return GroupRecordFormat.read(key, value);
        }
    }
}
