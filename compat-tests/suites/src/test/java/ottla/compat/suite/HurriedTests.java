package ottla.compat.suite;

import java.util.Set;

/**
 * Tests that give brokers a fixed time for something, too short on a busy machine. They count where
 * they pass, but nothing is concluded from their falling.
 */
final class HurriedTests {
    private static final String CONSUMERS = "org.apache.kafka.clients.consumer.";

    private static final Set<String> METHODS = Set.of(
            // within 100 ms the consumer finds the brokers, asks for its coordinator, and the topic of offsets is made
            CONSUMERS + "PlaintextConsumerTest#testClassicConsumerListTopics",
            CONSUMERS + "PlaintextConsumerTest#testAsyncConsumerListTopics",
            // of a minute it waits 37 to 45 s for sessions to run out, on either kind
            CONSUMERS + "ConsumerBounceTest#testClassicSubscribeWhenTopicUnavailable");

    private HurriedTests() {}

    static boolean contains(String test) {
        return METHODS.contains(Outcome.methodOf(test));
    }
}
