package ottla.compat.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ottla.compat.BrokerProcess;
import ottla.compat.Clients;

/** What partitions cost that nobody writes to: 20,000 of them unless {@code -Dottla.bench.partitions=} says otherwise. */
class IdleBench {
    private static final int PARTITIONS = Integer.getInteger("ottla.bench.partitions", 20_000);
    private static final int PARTITIONS_OF_A_TOPIC = 500;

    @Test
    void memoryAndFilesOfIdlePartitions() throws Exception {
        SideBySide.compare(PARTITIONS + " idle partitions", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (BrokerProcess broker = BrokerProcess.start(kind, "Idle", Map.of())) {
                ProcessFigures before = ProcessFigures.of(broker);
                figures.put("empty, MB resident", before.residentMb());
                Clients clients = Clients.of(broker);
                long beginNs = System.nanoTime();
                for (int i = 0; i < PARTITIONS / PARTITIONS_OF_A_TOPIC; i++) {
                    clients.createTopic("idle-" + i, PARTITIONS_OF_A_TOPIC);
                }
                for (int i = 0; i < PARTITIONS / PARTITIONS_OF_A_TOPIC; i++) {
                    Ends.await(clients, "idle-" + i, PARTITIONS_OF_A_TOPIC, 0);
                }
                figures.put("created and served, ms", (System.nanoTime() - beginNs) / 1e6);
                ProcessFigures after = ProcessFigures.of(broker);
                figures.put("MB resident", after.residentMb());
                figures.put("more than empty, MB", after.residentMb() - before.residentMb());
                figures.put("open files", (double) after.openFiles());
                figures.put("mapped data files", (double) after.mappedDataFiles());
            }
            return figures;
        });
    }
}
