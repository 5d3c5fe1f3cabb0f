package ottla.broker.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class NodeRulesTest {
    private static final Map<String, String> NONE = Map.of();

    @Test
    void aChangeIsHeldToTheRulesBetweenKeys() {
        NodeRules rules = rules(Map.of("log.cleaner.dedupe.buffer.size", "2097152"));
        Map<String, String> twoThreads = Map.of("log.cleaner.threads", "2");
        assertThat(rules.problem(NONE, NONE)).isEmpty();
        assertThat(rules.problem(NONE, twoThreads))
                .hasValueSatisfying(sentence -> assertThat(sentence).contains("log.cleaner.dedupe.buffer.size"));
        assertThat(rules.problem(twoThreads, NONE)).isPresent();
        assertThat(rules.problem(twoThreads, Map.of("log.cleaner.threads", "1")))
                .as("its own setting counts, not that of all brokers")
                .isEmpty();
    }

    @Test
    void whatIsWrongAloneIsLeftToWhoDecides() {
        NodeRules rules = rules(NONE);
        assertThat(rules.problem(NONE, Map.of("log.cleaner.threads", "many"))).isEmpty();
        assertThat(rules.problem(NONE, Map.of("nobody.knows.this", "value"))).isEmpty();
    }

    private static NodeRules rules(Map<String, String> set) {
        Map<String, String> file = new TreeMap<>(NodeConfig.standalone());
        file.putAll(set);
        return new NodeRules(new Values(ConfigTable.BROKER, file));
    }
}
