package ottla.replication.quorum;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** A voter, its controller listeners by name in the order it gave them, and the versions of {@code kraft.version} that it speaks. */
public record Voter(ReplicaKey key, Map<String, Endpoint> endpoints, int minKRaftVersion, int maxKRaftVersion) {
    public Voter {
        endpoints = Collections.unmodifiableMap(new LinkedHashMap<>(endpoints));
    }

    public int id() {
        return key.id();
    }

    public boolean supports(int kRaftVersion) {
        return minKRaftVersion <= kRaftVersion && kRaftVersion <= maxKRaftVersion;
    }
}
