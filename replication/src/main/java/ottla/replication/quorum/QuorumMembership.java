package ottla.replication.quorum;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which replica this is, where the others reach it, the name of the listener over which controllers talk, whom to ask for the
 * leader when nothing is known, and whether it tries to become a voter.
 */
public record QuorumMembership(
        ReplicaKey self, Map<String, Endpoint> endpoints, String listener, List<Endpoint> bootstrap, Joining joining) {
    /** The newest level of the feature {@code kraft.version} that this software knows: 1, voters in the log (KIP-853). */
    public static final int KRAFT_VERSION_LATEST = 1;

    /** How an observer becomes a voter: {@code controller.quorum.auto.join.enable} of a controller (KIP-1186). */
    public enum Joining {
        BY_REQUEST,
        BY_ITSELF
    }

    /** A replica that votes only if it is asked to. */
    public QuorumMembership(
            ReplicaKey self, Map<String, Endpoint> endpoints, String listener, List<Endpoint> bootstrap) {
        this(self, endpoints, listener, bootstrap, Joining.BY_REQUEST);
    }

    public QuorumMembership {
        endpoints = Collections.unmodifiableMap(new LinkedHashMap<>(endpoints));
        bootstrap = List.copyOf(bootstrap);
    }

    /** This replica as a voter, with what this software can do. */
    Voter asVoter() {
        return new Voter(self, endpoints, 0, KRAFT_VERSION_LATEST);
    }
}
