package ottla.replication.quorum;

import java.util.Map;
import java.util.OptionalInt;

/** What a node tells others about who leads: an epoch, its leader if it knows one, and where to reach it. */
public record Leadership(int epoch, OptionalInt leaderId, Map<String, Endpoint> endpoints) {
    public static final Leadership NONE = new Leadership(0, OptionalInt.empty(), Map.of());

    public Leadership {
        endpoints = Map.copyOf(endpoints);
    }
}
