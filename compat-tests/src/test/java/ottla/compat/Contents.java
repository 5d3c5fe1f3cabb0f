package ottla.compat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * All that a broker tells of some partitions and a group: every record as each kind of reader gets it, every answer of ListOffsets, and
 * the group's offsets. Two brokers on the same directory must tell the same.
 */
record Contents(Map<String, List<String>> records, Map<String, String> offsets, Map<String, String> committed) {
    /** @param timed the partitions that are searched by time: Kafka finds nothing in a log whose first segment is cleaned away */
    static Contents of(
            Clients clients,
            List<TopicPartition> partitions,
            List<TopicPartition> timed,
            String group,
            List<Long> timesMs)
            throws Exception {
        Map<String, List<String>> records = new TreeMap<>();
        Map<String, String> offsets = new TreeMap<>();
        Map<String, String> committed = new TreeMap<>();
        try (Admin admin = clients.admin()) {
            for (IsolationLevel isolation : IsolationLevel.values()) {
                for (TopicPartition partition : partitions) {
                    records.put(isolation + " " + partition, read(clients, partition, isolation));
                }
                ask(admin, partitions, isolation, "earliest", OffsetSpec.earliest(), offsets);
                ask(admin, partitions, isolation, "latest", OffsetSpec.latest(), offsets);
                ask(admin, partitions, isolation, "maxTimestamp", OffsetSpec.maxTimestamp(), offsets);
                ask(admin, partitions, isolation, "earliestLocal", OffsetSpec.earliestLocal(), offsets);
                ask(admin, partitions, isolation, "latestTiered", OffsetSpec.latestTiered(), offsets);
                for (long timeMs : timesMs) {
                    ask(admin, timed, isolation, "from " + timeMs, OffsetSpec.forTimestamp(timeMs), offsets);
                }
            }
            admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .forEach((partition, offset) -> committed.put(partition.toString(), offset.toString()));
        }
        return new Contents(records, offsets, committed);
    }

    private static void ask(
            Admin admin,
            Collection<TopicPartition> partitions,
            IsolationLevel isolation,
            String what,
            OffsetSpec spec,
            Map<String, String> offsets)
            throws Exception {
        Map<TopicPartition, OffsetSpec> question =
                partitions.stream().collect(Collectors.toMap(partition -> partition, partition -> spec));
        admin.listOffsets(question, new ListOffsetsOptions(isolation))
                .all()
                .get()
                .forEach((partition, answer) -> offsets.put(
                        isolation + " " + partition + " " + what, answer.offset() + " at " + answer.timestamp()));
    }

    /** Everything that a reader gets up to the end that it is told. */
    private static List<String> read(Clients clients, TopicPartition partition, IsolationLevel isolation) {
        List<String> records = new ArrayList<>();
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", clients.bootstrap());
        settings.put("isolation.level", isolation.toString());
        settings.put("enable.auto.commit", "false");
        settings.put("max.poll.records", "5000");
        settings.put("fetch.max.wait.ms", "50");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            Waiting.until(partition + " is read to " + end, () -> {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    records.add(record.offset() + " " + record.timestamp() + " " + record.timestampType() + " "
                            + record.leaderEpoch().orElse(-1) + " " + Arrays.hashCode(record.key()) + " "
                            + Arrays.hashCode(record.value()));
                }
                return consumer.position(partition) >= end;
            });
        }
        return records;
    }
}
