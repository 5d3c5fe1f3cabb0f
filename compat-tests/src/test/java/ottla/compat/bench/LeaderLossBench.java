package ottla.compat.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** For how long partitions are without a leader when the broker that led a third of them is killed, with the default session timeout. */
class LeaderLossBench {
    private static final int KILLS = Integer.getInteger("ottla.bench.kills", 5);
    private static final int FEW = 10;
    private static final int MANY = 2_000;

    @Test
    void aBrokerIsKilled() throws Exception {
        SideBySide.compare("three brokers, one is killed, " + KILLS + " times", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            for (int partitions : List.of(FEW, MANY)) {
                try (ThreeBrokers brokers = ThreeBrokers.start(kind, "LeaderLoss")) {
                    String topic = "topic";
                    brokers.createTopic(topic, assignment(partitions));
                    long[] awayNs = new long[KILLS];
                    for (int i = 0; i < KILLS; i++) {
                        brokers.awaitInSync(topic, ThreeBrokers.IDS.size());
                        int victim = ThreeBrokers.IDS.get(i % ThreeBrokers.IDS.size());
                        long beginNs = System.nanoTime();
                        brokers.broker(victim).process().kill();
                        Ends.await(brokers.clientsBut(victim), topic, partitions, 0);
                        awayNs[i] = System.nanoTime() - beginNs;
                        brokers.broker(victim).restart();
                    }
                    figures.put(partitions + " partitions, median, ms", SideBySide.quantile(awayNs, 0.5) / 1e6);
                    figures.put(partitions + " partitions, most, ms", SideBySide.quantile(awayNs, 1) / 1e6);
                }
            }
            return figures;
        });
    }

    private static Map<Integer, List<Integer>> assignment(int partitions) {
        Map<Integer, List<Integer>> assignment = new HashMap<>();
        for (int i = 0; i < partitions; i++) {
            List<Integer> replicas = new ArrayList<>();
            for (int j = 0; j < ThreeBrokers.IDS.size(); j++) {
                replicas.add(ThreeBrokers.IDS.get((i + j) % ThreeBrokers.IDS.size()));
            }
            assignment.put(i, replicas);
        }
        return assignment;
    }
}
