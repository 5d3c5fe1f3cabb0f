package ottla.controller.image;

import java.util.Collections;
import java.util.List;
import ottla.base.Uuid;

/** The ids that stand for no particular log directory (KIP-858). */
public final class Directories {
    /** A replica from before directory ids. */
    public static final Uuid MIGRATING = new Uuid(0, 0);

    /** The broker may choose. */
    public static final Uuid UNASSIGNED = new Uuid(0, 1);

    /** The directory that held the replica failed. */
    public static final Uuid LOST = new Uuid(0, 2);

    private static final long RESERVED_IDS = 100;

    private Directories() {}

    /** Whether a broker may have a directory of this id. */
    public static boolean isReal(Uuid id) {
        return id.mostSignificantBits() != 0
                || id.leastSignificantBits() < 0
                || id.leastSignificantBits() >= RESERVED_IDS;
    }

    /** Whether a replica there may be online, on a broker whose directories are these. */
    public static boolean isOnline(Uuid id, List<Uuid> brokerDirectories) {
        return id.equals(UNASSIGNED)
                || id.equals(MIGRATING)
                // a broker that does not tell its directories cannot have lost one
                || brokerDirectories.isEmpty()
                || (!id.equals(LOST) && brokerDirectories.contains(id));
    }

    static List<Uuid> migrating(int count) {
        return Collections.nCopies(count, MIGRATING);
    }
}
