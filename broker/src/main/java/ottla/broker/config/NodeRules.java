package ottla.broker.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Whether a node could run with what is changed while it runs (KIP-226): the rules between its keys hold then, too. */
public final class NodeRules {
    private final Values file;

    /** @param file what the node was started with */
    public NodeRules(Values file) {
        this.file = file;
    }

    /** Why it could not. Values that are wrong alone are left to who decides about the change. */
    public Optional<String> problem(Map<String, String> allBrokers, Map<String, String> broker) {
        for (Map<String, String> dynamic : List.of(allBrokers, broker)) {
            for (Map.Entry<String, String> entry : dynamic.entrySet()) {
                if (ConfigTable.BROKER
                        .find(entry.getKey())
                        .flatMap(key -> key.problem(entry.getValue()))
                        .isPresent()) {
                    return Optional.empty();
                }
            }
        }
        List<String> problems = new ArrayList<>();
        Relations.check(new LayeredConfig(file, broker, allBrokers).brokerValues(), problems);
        return problems.stream().findFirst();
    }
}
