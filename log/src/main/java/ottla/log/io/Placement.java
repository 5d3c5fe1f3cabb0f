package ottla.log.io;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import ottla.base.TopicPartition;

/** In which directory of a {@link LogStore} a log is begun. Guarded by the store's lock, but for which directories are cordoned. */
final class Placement {
    private final List<Shelf> shelves;
    private final int absentDirectories;

    /** Where logs that do not exist yet are wished for. */
    private final Map<TopicPartition, Shelf> preferred = new HashMap<>();

    private volatile Set<LogDirectory> cordoned = Set.of();

    /** @param absentDirectories how many directories of this broker could not even be opened: they may hold logs as well */
    Placement(List<Shelf> shelves, int absentDirectories) {
        this.shelves = shelves;
        this.absentDirectories = absentDirectories;
    }

    void cordon(Collection<LogDirectory> wanted) {
        cordoned = Set.copyOf(wanted);
    }

    boolean isCordoned(LogDirectory directory) {
        return cordoned.contains(directory);
    }

    void prefer(TopicPartition partition, Shelf shelf) {
        preferred.put(partition, shelf);
    }

    /** The partition is gone, and with it the wish. */
    void forget(TopicPartition partition) {
        preferred.remove(partition);
    }

    /** What is wished for or assigned counts only where it can be had: whoever wants the partition wants it to be there. */
    Shelf choose(TopicPartition partition, LogStore.Place place) {
        Shelf wished = preferred.remove(partition);
        if (wished != null && wished.isOnline()) {
            return wished;
        }
        Shelf emptiest = emptiest(partition, place.origin());
        return shelves.stream()
                .filter(shelf -> shelf.directory().id().equals(Optional.of(place.assigned())))
                .filter(Shelf::isOnline)
                .findFirst()
                .orElse(emptiest);
    }

    private Shelf emptiest(TopicPartition partition, LogStore.Origin origin) {
        List<Shelf> online = shelves.stream().filter(Shelf::isOnline).toList();
        boolean mayBeAbsent = online.size() < shelves.size() + absentDirectories;
        if (online.isEmpty() || (origin == LogStore.Origin.KNOWN && mayBeAbsent)) {
            throw LogStore.offline("begin " + partition, "that may hold it");
        }
        List<Shelf> open =
                online.stream().filter(shelf -> !isCordoned(shelf.directory())).toList();
        // the controller gives nothing to a broker without an open directory, unless it does not know yet
        List<Shelf> candidates = open.isEmpty() ? online : open;
        return candidates.stream()
                .min(Comparator.comparingInt(shelf -> shelf.partitions().size()))
                .orElseThrow();
    }
}
