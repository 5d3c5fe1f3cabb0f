package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * MirrorMaker 2 as a process of its own, between a cluster of Kafka's and one of Ottla's, in both directions at once: topics, their
 * settings, their records and the offsets of groups arrive on the other side, and what Connect keeps for itself lies on both.
 */
class MirrorMakerTest {
    private static final int PARTITIONS = 3;
    private static final int RECORDS = 300;

    /** Of each partition, what a group has read before it goes on at the other side: all there is by then. */
    private static final int READ = RECORDS / PARTITIONS;

    private static final String GROUP = "readers";

    @TempDir
    private Path folder;

    /** One side: a cluster under the name by which the other one knows it, and the topic that begins there. */
    private record Side(String alias, String topic, BrokerProcess broker) {
        Clients clients() {
            return Clients.of(broker);
        }

        /** As the other side calls the topic. */
        String mirrored() {
            return alias + "." + topic;
        }
    }

    @Test
    void bothClustersGetWhatTheOtherHas() throws Exception {
        try (BrokerProcess ofKafka = BrokerProcess.start(BrokerKind.KAFKA, "MirrorMaker", Map.of());
                BrokerProcess ofOttla = BrokerProcess.start(BrokerKind.OTTLA, "MirrorMaker", Map.of())) {
            Side kafka = new Side("kafka", "orders", ofKafka);
            Side ottla = new Side("ottla", "bills", ofOttla);
            for (Side side : List.of(kafka, ottla)) {
                side.clients()
                        .createTopic(
                                side.topic(), PARTITIONS, "retention.ms", "86400001", "max.message.bytes", "70000");
                write(side, 0);
            }
            Process mirrors = start(kafka, ottla);
            try {
                assertMirrored(kafka, ottla, RECORDS);
                assertMirrored(ottla, kafka, RECORDS);
                // an offset of long ago would have no exact counterpart
                commit(kafka);
                commit(ottla);
                awaitTranslated(kafka, ottla);
                awaitTranslated(ottla, kafka);
                write(kafka, RECORDS);
                write(ottla, RECORDS);
                assertMirrored(kafka, ottla, 2 * RECORDS);
                assertMirrored(ottla, kafka, 2 * RECORDS);
                assertGroupGoesOn(kafka, ottla);
                assertGroupGoesOn(ottla, kafka);
                assertInternalTopics(kafka, ottla);
                assertInternalTopics(ottla, kafka);
            } finally {
                mirrors.destroy();
                if (!mirrors.waitFor(Waiting.DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
                    mirrors.destroyForcibly();
                }
            }
        }
    }

    private Process start(Side one, Side other) throws IOException {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("clusters", one.alias() + "," + other.alias());
        for (Side side : List.of(one, other)) {
            settings.put(side.alias() + ".bootstrap.servers", side.broker().bootstrap());
        }
        settings.putAll(flow(one, other));
        settings.putAll(flow(other, one));
        for (String topics : List.of("", "checkpoints.topic.", "heartbeats.topic.", "offset-syncs.topic.")) {
            settings.put(topics + "replication.factor", "1");
        }
        for (String topics : List.of("offset.storage.", "status.storage.", "config.storage.")) {
            settings.put(topics + "replication.factor", "1");
        }
        for (String what : List.of(
                "emit.heartbeats",
                "emit.checkpoints",
                "refresh.topics",
                "refresh.groups",
                "sync.topic.configs",
                "sync.group.offsets")) {
            settings.put(what + ".interval.seconds", "1");
        }
        settings.put("sync.group.offsets.enabled", "true");
        // every record is told of, so that each offset has its counterpart
        settings.put("offset.lag.max", "0");
        // who works alone need not wait for others
        settings.put("scheduled.rebalance.max.delay.ms", "0");
        settings.put("plugin.discovery", "service_load");
        Path file = Files.write(
                folder.resolve("mm2.properties"),
                settings.entrySet().stream()
                        .map(entry -> entry.getKey() + " = " + entry.getValue())
                        .toList());
        return new ProcessBuilder(Jvm.tool("org.apache.kafka.connect.mirror.MirrorMaker", file.toString()))
                .redirectErrorStream(true)
                .redirectOutput(Redirect.to(
                        BrokerProcess.WORK.resolve("MirrorMaker-tool.log").toFile()))
                .start();
    }

    private static Map<String, String> flow(Side from, Side into) {
        String name = from.alias() + "->" + into.alias();
        return Map.of(name + ".enabled", "true", name + ".topics", from.topic(), name + ".groups", GROUP);
    }

    private static void write(Side side, int first) throws Exception {
        try (KafkaProducer<String, String> producer = side.clients().producer()) {
            Clients.deliver(
                    producer,
                    IntStream.range(first, first + RECORDS)
                            .mapToObj(
                                    i -> new ProducerRecord<>(side.topic(), i % PARTITIONS, "key-" + i, "value-" + i)));
        }
    }

    private static void commit(Side side) {
        try (KafkaConsumer<String, String> consumer = side.clients().consumer("group.id", GROUP)) {
            Map<TopicPartition, OffsetAndMetadata> offsets = partitions(side.topic()).stream()
                    .collect(Collectors.toMap(any -> any, any -> new OffsetAndMetadata(READ)));
            consumer.assign(offsets.keySet());
            consumer.commitSync(offsets);
        }
    }

    private static List<TopicPartition> partitions(String topic) {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(index -> new TopicPartition(topic, index))
                .toList();
    }

    /** The other side has the topic with its settings, and in each of its partitions the same records in the same order. */
    private static void assertMirrored(Side from, Side into, int count) throws Exception {
        ConfigResource mirrored = new ConfigResource(ConfigResource.Type.TOPIC, from.mirrored());
        try (Admin admin = into.clients().admin()) {
            Waiting.until(
                    from.mirrored() + " is there",
                    () -> admin.describeTopics(List.of(from.mirrored()))
                                    .allTopicNames()
                                    .get()
                                    .get(from.mirrored())
                                    .partitions()
                                    .size()
                            == PARTITIONS);
            Waiting.until(from.mirrored() + " is set as " + from.topic() + " is", () -> {
                Config config =
                        admin.describeConfigs(List.of(mirrored)).all().get().get(mirrored);
                return config.get("retention.ms").value().equals("86400001")
                        && config.get("max.message.bytes").value().equals("70000");
            });
        }
        for (int index = 0; index < PARTITIONS; index++) {
            assertThat(texts(into, new TopicPartition(from.mirrored(), index), count / PARTITIONS))
                    .isEqualTo(texts(from, new TopicPartition(from.topic(), index), count / PARTITIONS));
        }
    }

    private static List<String> texts(Side side, TopicPartition partition, int count) {
        return side.clients().readAll(count, partition).stream()
                .map(record -> record.offset() + " " + record.timestamp() + " " + record.key() + " " + record.value())
                .toList();
    }

    private static void awaitTranslated(Side from, Side into) throws Exception {
        try (Admin admin = into.clients().admin()) {
            Waiting.value(
                    "the offsets of " + GROUP + " are translated",
                    () -> admin.listConsumerGroupOffsets(GROUP)
                            .partitionsToOffsetAndMetadata()
                            .get(),
                    offsets -> partitions(from.mirrored()).stream()
                            .allMatch(partition -> offsets.containsKey(partition)
                                    && offsets.get(partition).offset() == READ));
        }
    }

    /** Who goes on with the group's offsets on the other side is given what it has not read here. */
    private static void assertGroupGoesOn(Side from, Side into) {
        try (KafkaConsumer<String, String> consumer =
                into.clients().consumer("group.id", GROUP, "auto.offset.reset", "none")) {
            consumer.assign(partitions(from.mirrored()));
            Map<Integer, List<Long>> read = Clients.poll(consumer, 2 * RECORDS - PARTITIONS * READ).stream()
                    .collect(Collectors.groupingBy(
                            ConsumerRecord::partition,
                            Collectors.mapping(ConsumerRecord::offset, Collectors.toList())));
            assertThat(read.values()).allMatch(offsets -> offsets.getFirst() == READ);
            assertThat(consumer.poll(Duration.ZERO)).isEmpty();
        }
    }

    /** What Connect knows is compacted, never deleted; and the heart of the other side beats here. */
    private static void assertInternalTopics(Side from, Side into) throws Exception {
        List<ConfigResource> compacted = List.of("configs", "offsets", "status").stream()
                .map(what -> "mm2-" + what + "." + from.alias() + ".internal")
                .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic))
                .toList();
        try (Admin admin = into.clients().admin()) {
            assertThat(admin.describeConfigs(compacted).all().get().values())
                    .allMatch(config -> config.get("cleanup.policy").value().equals("compact"));
            assertThat(admin.listTopics().names().get()).contains("heartbeats", from.alias() + ".checkpoints.internal");
        }
    }
}
