package ottla.compat.bench;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import ottla.compat.Clients;
import ottla.compat.Waiting;

/** Whether partitions really serve: metadata may show leaders that do not answer yet, or not even the topic. */
final class Ends {
    private Ends() {}

    /** Returns when each partition of a topic tells its end; it must be at least so far. */
    static void await(Clients clients, String topic, int partitions, long least) {
        Map<TopicPartition, OffsetSpec> question = new HashMap<>();
        for (int i = 0; i < partitions; i++) {
            question.put(new TopicPartition(topic, i), OffsetSpec.latest());
        }
        try (Admin admin = clients.admin("retry.backoff.ms", "5", "retry.backoff.max.ms", "20")) {
            Waiting.until("all of " + topic + " serves", () -> {
                admin.listOffsets(question).all().get().forEach((partition, end) -> {
                    if (end.offset() < least) {
                        throw new AssertionError(partition + " ends at " + end.offset() + ", before " + least);
                    }
                });
                return true;
            });
        }
    }
}
