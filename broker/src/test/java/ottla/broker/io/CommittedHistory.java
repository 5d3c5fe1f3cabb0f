package ottla.broker.io;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import ottla.base.Uuid;
import ottla.replication.io.Replica;
import ottla.replication.io.ReplicaContent;
import ottla.replication.io.ReplicaContent.Entry;

/**
 * What was ever below a high watermark, of any replica: each offset of a partition has one record, for ever. And what producers were
 * told: that record is there, and nowhere else.
 */
final class CommittedHistory {
    private final Map<Place, List<Entry>> committed = new HashMap<>();
    private final Map<Place, Set<String>> acknowledged = new HashMap<>();
    private final Map<Replica, Seen> seen = new HashMap<>();

    /** A partition of a topic, which another topic of the same name does not share. */
    record Place(Uuid topicId, int partition) {
        static Place of(Replica replica) {
            return new Place(replica.topicId(), replica.name().partition());
        }
    }

    /** How far a replica was looked at. */
    private record Seen(long highWatermark, int leaderEpoch, boolean leads) {
        /** After nearly every event nothing is new. */
        boolean isStill(long committed, int epoch, boolean leading) {
            return highWatermark == committed && leaderEpoch == epoch && leads == leading;
        }
    }

    /** Looks at what is new below a replica's high watermark. */
    void look(int nodeId, Replica replica) {
        if (!replica.isOnline()) {
            return;
        }
        long highWatermark = replica.highWatermark();
        @Nullable Seen before = seen.get(replica);
        int epoch = replica.leadership().leaderEpoch();
        boolean leads = replica.isLeader();
        if (before != null && before.isStill(highWatermark, epoch, leads)) {
            return;
        }
        seen.put(replica, new Seen(highWatermark, epoch, leads));
        if (before != null && before.leads && leads && before.leaderEpoch == epoch) {
            require(
                    highWatermark >= before.highWatermark,
                    () -> "the high watermark of " + replica + " on " + nodeId + " went back from "
                            + before.highWatermark + " to " + highWatermark + " in epoch " + epoch);
        }
        long from = before == null ? 0 : Math.min(before.highWatermark, highWatermark);
        if (highWatermark > from) {
            compare(nodeId, replica, from, highWatermark);
        }
    }

    private void compare(int nodeId, Replica replica, long from, long to) {
        List<Entry> known = committed.computeIfAbsent(Place.of(replica), place -> new ArrayList<>());
        for (Entry entry : ReplicaContent.between(replica, from, to)) {
            int offset = (int) entry.offset();
            if (offset < known.size()) {
                require(
                        known.get(offset).equals(entry),
                        () -> replica.name() + " had " + known.get(offset) + " committed, and node " + nodeId + " has "
                                + entry);
            } else {
                require(offset == known.size(), () -> "no gap before " + entry + " of " + replica.name());
                known.add(entry);
            }
        }
    }

    /** A consumer was given a record where it had read so many. */
    void checkRead(Place partition, long position, Entry entry) {
        List<Entry> known = committed.getOrDefault(partition, List.of());
        require(
                entry.offset() == position,
                () -> "a consumer of " + partition + " at " + position + " was given " + entry);
        require(
                position < known.size(),
                () -> "a consumer of " + partition + " was given " + entry + " before its commit");
        require(
                known.get((int) position).equals(entry),
                () -> "a consumer of " + partition + " was given " + entry + " for " + known.get((int) position));
    }

    /** A producer was told that its records are in, from an offset on. */
    void acknowledge(Place partition, long baseOffset, List<String> values) {
        List<Entry> known = committed.getOrDefault(partition, List.of());
        for (int i = 0; i < values.size(); i++) {
            long offset = baseOffset + i;
            String value = values.get(i);
            require(offset < known.size(), () -> "what is acknowledged is committed: " + partition + " at " + offset);
            require(
                    known.get((int) offset).value().equals(value),
                    () -> "what is acknowledged is what was sent: " + value + " at " + offset + " of " + partition
                            + ", not " + known.get((int) offset));
            acknowledged.computeIfAbsent(partition, any -> new HashSet<>()).add(value);
        }
    }

    /** A producer was told that its records had been in before. */
    void acknowledgeSomewhere(Place partition, List<String> values) {
        acknowledged.computeIfAbsent(partition, any -> new HashSet<>()).addAll(values);
    }

    /** At the end, when all is calm: of the topics that are there, nothing acknowledged is missing, nothing is there twice. */
    void checkWhole(Predicate<Uuid> isThere) {
        acknowledged.forEach((partition, values) -> {
            if (!isThere.test(partition.topicId())) {
                return;
            }
            Set<String> found = new HashSet<>();
            for (Entry entry : committed.getOrDefault(partition, List.of())) {
                require(found.add(entry.value()), () -> entry + " is twice in " + partition);
            }
            Set<String> missing = new HashSet<>(values);
            missing.removeAll(found);
            require(missing.isEmpty(), () -> "acknowledged and lost in " + partition + ": " + missing);
        });
    }

    /** How many records are committed in a partition. */
    long size(Place partition) {
        return committed.getOrDefault(partition, List.of()).size();
    }

    long total() {
        return committed.values().stream().mapToLong(List::size).sum();
    }

    /** A replica has all there is and nothing else. */
    void checkEqual(int nodeId, Replica replica) {
        long size = size(Place.of(replica));
        require(
                replica.endOffset() == size && replica.highWatermark() == size,
                () -> replica + " on " + nodeId + " ends at " + replica.endOffset() + " and knows of "
                        + replica.highWatermark() + " as committed where " + size + " are");
        compare(nodeId, replica, 0, size);
    }

    private static void require(boolean holds, Supplier<String> what) {
        if (!holds) {
            throw new AssertionError(what.get());
        }
    }
}
