package ottla.compat.suite;

import java.util.Set;

/**
 * Tests that give brokers a fixed time for something, too short on a busy machine, for Kafka's processes as well. They count where
 * they pass, but nothing is concluded from their falling.
 */
final class HurriedTests {
    private static final String OF_CONSUMERS = "org.apache.kafka.clients.consumer.PlaintextConsumerTest#";

    /** Within 100 ms the consumer finds the brokers, asks for its coordinator, and the topic of offsets is made. */
    private static final Set<String> METHODS =
            Set.of(OF_CONSUMERS + "testClassicConsumerListTopics", OF_CONSUMERS + "testAsyncConsumerListTopics");

    private HurriedTests() {}

    static boolean contains(String test) {
        return METHODS.contains(Outcome.methodOf(test));
    }
}
