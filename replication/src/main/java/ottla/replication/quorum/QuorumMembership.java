package ottla.replication.quorum;

import java.util.List;
import java.util.Map;

/**
 * Which replica this is, where the others reach it, the name of the listener over which controllers talk, and whom to ask for
 * the leader when nothing is known.
 */
public record QuorumMembership(
        ReplicaKey self, Map<String, Endpoint> endpoints, String listener, List<Endpoint> bootstrap) {
    public QuorumMembership {
        endpoints = Map.copyOf(endpoints);
        bootstrap = List.copyOf(bootstrap);
    }
}
