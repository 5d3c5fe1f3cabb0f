package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;

/**
 * A node shows what it was asked to change as soon as it has answered. Kafka answers when its controller has decided, and its broker
 * mostly, but not always, knows of it by then: what is shown here goes beyond it.
 */
class ShownChangesTest {
    private static final int ROUNDS = 40;

    @Test
    void whatWasAnsweredIsThere() throws Exception {
        try (BrokerProcess broker = BrokerProcess.start(BrokerKind.OTTLA, "ShownChanges", Map.of());
                Admin admin = Clients.of(broker).admin()) {
            for (int round = 0; round < ROUNDS; round++) {
                String topic = "shown-" + round;
                TopicPartition added = new TopicPartition(topic, 2);
                ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);

                admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1)))
                        .all()
                        .get();
                assertThat(broker.dataDirectory().resolve(topic + "-1")).isDirectory();
                assertThat(endOffset(admin, new TopicPartition(topic, 1))).isZero();

                admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3)))
                        .all()
                        .get();
                assertThat(endOffset(admin, added)).isZero();

                Collection<AlterConfigOp> change = List.of(
                        new AlterConfigOp(new ConfigEntry("retention.ms", "1234567"), AlterConfigOp.OpType.SET));
                admin.incrementalAlterConfigs(Map.of(resource, change)).all().get();
                assertThat(admin.describeConfigs(List.of(resource))
                                .all()
                                .get()
                                .get(resource)
                                .get("retention.ms")
                                .value())
                        .isEqualTo("1234567");

                admin.deleteTopics(List.of(topic)).all().get();
                assertThat(admin.listTopics().names().get()).doesNotContain(topic);
            }
        }
    }

    private static long endOffset(Admin admin, TopicPartition partition) throws Exception {
        return admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                .partitionResult(partition)
                .get()
                .offset();
    }
}
