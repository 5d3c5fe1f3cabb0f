package ottla.compat.suite;

import java.util.Map;
import java.util.Optional;

/**
 * Tests that count on a broker being in their own process without asking any of its objects, so that nothing tells but their names.
 * They are not applicable where they fail.
 */
final class InsideTests {
    private static final Map<String, String> UNSEEN = Map.of(
            "kafka.server.BrokerMetricNamesTest", "the metrics in a broker's process",
            "org.apache.kafka.server.UncleanLeaderElectionTest", "the metrics in a broker's process",
            "org.apache.kafka.api.EndToEndClusterIdTest", "a metrics reporter in a broker's process",
            "org.apache.kafka.server.KRaftClusterTest#testRemoteLogManagerInstantiation",
                    "a broker with the test's own classes",
            "org.apache.kafka.server.KRaftClusterTest#testCreateClusterAndCreateTopicWithRemoteLogManagerInstantiation",
                    "a broker with the test's own classes");

    private InsideTests() {}

    /** What a test wants to see, by the name of its class or method. */
    static Optional<String> unseenBy(String test) {
        return Optional.ofNullable(UNSEEN.get(Outcome.methodOf(test)))
                .or(() -> Optional.ofNullable(UNSEEN.get(Outcome.classOf(test))));
    }
}
