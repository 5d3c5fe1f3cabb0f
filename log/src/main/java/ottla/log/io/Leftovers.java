package ottla.log.io;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.log.format.SegmentFiles;

/**
 * What an earlier process left half done in a log's directory: deletes what was not to be kept, and finishes what a cleaner had
 * begun to put in the place of old segments. Doing it again, after a crash in the middle of it, gives the same.
 */
final class Leftovers {
    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);
    private static final List<String> INDEXES =
            List.of(SegmentFiles.OFFSET_INDEX, SegmentFiles.TIME_INDEX, SegmentFiles.TRANSACTION_INDEX);
    private static final List<String> SUFFIXES = List.of(
            SegmentFiles.LOG, SegmentFiles.OFFSET_INDEX, SegmentFiles.TIME_INDEX, SegmentFiles.TRANSACTION_INDEX);

    private final LogFiles files;
    private final List<String> names;

    private Leftovers(LogFiles files, List<String> names) {
        this.files = files;
        this.names = new ArrayList<>(names);
    }

    /** Settles what there is among the names of a directory, and returns the names that there are then. */
    static List<String> settle(LogFiles files, List<String> names) {
        Leftovers leftovers = new Leftovers(files, names);
        leftovers.settle();
        return leftovers.names;
    }

    private void settle() {
        long firstCleaned = Long.MAX_VALUE;
        for (String name : List.copyOf(names)) {
            if (name.endsWith(SegmentFiles.CLEANED)) {
                firstCleaned = Math.min(firstCleaned, baseOffset(name, SegmentFiles.CLEANED));
            }
            if (name.endsWith(SegmentFiles.DELETED) || name.endsWith(SegmentFiles.CLEANED) || name.endsWith(".tmp")) {
                delete(name);
            }
        }
        List<String> swapped =
                names.stream().filter(name -> name.endsWith(SegmentFiles.SWAP)).toList();
        if (!swapped.isEmpty()) {
            finish(swapped, firstCleaned);
        }
        deleteOrphans();
    }

    private void finish(List<String> swapped, long firstCleaned) {
        for (String name : swapped) {
            if (baseOffset(name, SegmentFiles.SWAP) >= firstCleaned) {
                // Not all its files were renamed from .cleaned: those that it was made from are all still there.
                delete(name);
            } else if (name.endsWith(SegmentFiles.LOG + SegmentFiles.SWAP)) {
                deleteReplaced(name);
            }
        }
        files.disk().syncDirectory(files.directory().name());
        for (String name : List.copyOf(names)) {
            if (name.endsWith(SegmentFiles.SWAP)) {
                String settled = name.substring(0, name.length() - SegmentFiles.SWAP.length());
                files.disk().rename(files.path(name), files.path(settled));
                names.remove(name);
                if (!names.contains(settled)) {
                    names.add(settled);
                }
            }
        }
        files.disk().syncDirectory(files.directory().name());
    }

    /** The segments of which a cleaned one is what is left. A later one, whose records are all gone, may stay: it holds nothing wrong. */
    private void deleteReplaced(String swapped) {
        long begin = baseOffset(swapped, SegmentFiles.SWAP);
        LogFile file = files.file(swapped);
        BatchScan scan = new BatchScan(file, 0, file.measure());
        long end = begin + 1;
        while (scan.advance()) {
            end = scan.lastOffset() + 1;
        }
        file.close();
        LOG.info("{}: finishing the compaction of what lies below offset {}", file.place(), end);
        for (String name : List.copyOf(names)) {
            for (String suffix : SUFFIXES) {
                OptionalLong base = SegmentFiles.baseOffset(name, suffix);
                if (base.isPresent() && base.getAsLong() >= begin && base.getAsLong() < end) {
                    delete(name);
                }
            }
        }
    }

    /** An index without its segment: the segment's name was lost. One that begins there later must not find old entries. */
    private void deleteOrphans() {
        for (String name : List.copyOf(names)) {
            for (String suffix : INDEXES) {
                if (name.endsWith(suffix)
                        && !names.contains(name.substring(0, name.length() - suffix.length()) + SegmentFiles.LOG)) {
                    delete(name);
                }
            }
        }
    }

    /** The base offset in the name of a cleaner's file; beyond all others if it is none. */
    private static long baseOffset(String name, String state) {
        String inner = name.substring(0, name.length() - state.length());
        for (String suffix : SUFFIXES) {
            OptionalLong base = SegmentFiles.baseOffset(inner, suffix);
            if (base.isPresent()) {
                return base.getAsLong();
            }
        }
        return Long.MAX_VALUE;
    }

    private void delete(String name) {
        files.disk().delete(files.path(name));
        names.remove(name);
    }
}
