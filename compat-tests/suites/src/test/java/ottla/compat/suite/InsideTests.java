package ottla.compat.suite;

import java.util.Map;
import java.util.Optional;

/**
 * Tests that count on a broker being in their own process without asking any of its objects, so that nothing tells but their names.
 * They are not applicable where they fail.
 */
final class InsideTests {
    private static final String METRICS = "the metrics in a broker's process";
    private static final String OWN_CLASSES = "a broker with the test's own classes";
    private static final String OF_CLUSTERS = "org.apache.kafka.server.KRaftClusterTest#";
    private static final String OF_POLICIES = "org.apache.kafka.clients.admin.AdminClientWithPoliciesIntegrationTest#";

    private static final String OF_SHARES = "org.apache.kafka.clients.consumer.ShareConsumerTest#";
    private static final String OF_QUOTAS = "org.apache.kafka.server.quota.CustomQuotaCallbackTest#";

    private static final Map<String, String> UNSEEN = Map.ofEntries(
            Map.entry("kafka.server.BrokerMetricNamesTest", METRICS),
            Map.entry("org.apache.kafka.server.UncleanLeaderElectionTest", METRICS),
            Map.entry("org.apache.kafka.clients.MetricsDuringTopicCreationDeletionTest", METRICS),
            Map.entry(OF_SHARES + "testRenewAcknowledgementOnPoll", METRICS),
            Map.entry(OF_SHARES + "testRenewAcknowledgementOnCommitSync", METRICS),
            Map.entry(OF_SHARES + "testRenewAcknowledgementInvalidStateRecord", METRICS),
            Map.entry(OF_SHARES + "testRenewAcknowledgementNoResultInPoll", METRICS),
            Map.entry("org.apache.kafka.clients.producer.SocketServerMemoryPoolTest", "memory in a broker's process"),
            Map.entry(OF_QUOTAS + "testCustomQuotaCallbackWithControllerServer", OWN_CLASSES),
            Map.entry(OF_POLICIES + "testInvalidAlterConfigsDueToPolicy", OWN_CLASSES),
            Map.entry("org.apache.kafka.api.EndToEndClusterIdTest", OWN_CLASSES),
            Map.entry("org.apache.kafka.server.MonitorablePluginsIntegrationTest", OWN_CLASSES),
            Map.entry(OF_CLUSTERS + "testRemoteLogManagerInstantiation", OWN_CLASSES),
            Map.entry(OF_CLUSTERS + "testCreateClusterAndCreateTopicWithRemoteLogManagerInstantiation", OWN_CLASSES),
            Map.entry(OF_CLUSTERS + "testReconfigureControllerAuthorizer", OWN_CLASSES),
            Map.entry(OF_CLUSTERS + "testAuthorizerFailureFoundInControllerStartup", OWN_CLASSES),
            Map.entry(OF_CLUSTERS + "testSetLog4jConfigurations", "the test's own loggers in a broker's process"),
            Map.entry(OF_CLUSTERS + "testClusterWithLowerCaseListeners", "a port that nobody chose before"));

    private InsideTests() {}

    /** What a test wants to see, by the name of its class or method. */
    static Optional<String> unseenBy(String test) {
        return Optional.ofNullable(UNSEEN.get(Outcome.methodOf(test)))
                .or(() -> Optional.ofNullable(UNSEEN.get(Outcome.classOf(test))));
    }
}
