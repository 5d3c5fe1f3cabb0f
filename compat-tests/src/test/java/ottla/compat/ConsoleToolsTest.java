package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** kafka-console-producer, kafka-console-consumer, kafka-get-offsets and kafka-delete-records. */
@OnEachBroker
class ConsoleToolsTest {
    private final StockTools tools;

    ConsoleToolsTest(BrokerProcess broker) {
        tools = StockTools.of(broker);
    }

    @Test
    void whatIsTypedIsReadBack() {
        tools.createTopic("typed", 3);
        tools.consoleProducer(
                        "k1:hello\nk2:world\nk1:again\n",
                        "--topic",
                        "typed",
                        "--reader-property",
                        "parse.key=true",
                        "--reader-property",
                        "key.separator=:")
                .succeeded();

        ToolRun read = tools.consoleConsumer(
                "--topic",
                "typed",
                "--from-beginning",
                "--max-messages",
                "3",
                "--formatter-property",
                "print.key=true",
                "--formatter-property",
                "print.partition=true",
                "--formatter-property",
                "print.offset=true");

        assertThat(read.lines())
                .containsExactlyInAnyOrder(
                        "Partition:2\tOffset:0\tk1\thello",
                        "Partition:0\tOffset:0\tk2\tworld",
                        "Partition:2\tOffset:1\tk1\tagain")
                .containsSubsequence("Partition:2\tOffset:0\tk1\thello", "Partition:2\tOffset:1\tk1\tagain");
        assertThat(read.errors()).contains("Processed a total of 3 messages");
    }

    @Test
    void aGroupGoesOnWhereItStopped() {
        tools.createTopic("grouped", 1);
        tools.consoleProducer("one\ntwo\nthree\n", "--topic", "grouped", "--compression-codec", "lz4")
                .succeeded();

        ToolRun first = tools.consoleConsumer(
                "--topic", "grouped", "--group", "console", "--from-beginning", "--max-messages", "2");
        assertThat(first.lines()).containsExactly("one", "two");

        ToolRun second = tools.consoleConsumer("--topic", "grouped", "--group", "console", "--max-messages", "1");
        assertThat(second.lines()).containsExactly("three");
    }

    @Test
    void anUnknownTopicIsCreatedByProducingToIt() {
        tools.consoleProducer("first\n", "--topic", "sudden").succeeded();

        ToolRun read = tools.consoleConsumer(
                "--topic", "sudden", "--partition", "0", "--offset", "earliest", "--max-messages", "1");

        assertThat(read.lines()).containsExactly("first");
    }

    @Test
    void offsetsOfEveryKindArePrinted() {
        tools.createTopic("counted", 2);
        tools.consoleProducer(
                        "a:1\na:2\na:3\n",
                        "--topic",
                        "counted",
                        "--reader-property",
                        "parse.key=true",
                        "--reader-property",
                        "key.separator=:")
                .succeeded();

        assertThat(tools.getOffsets("--topic", "counted").lines()).containsExactly("counted:0:3", "counted:1:0");
        assertThat(tools.getOffsets("--topic", "counted", "--time", "earliest").lines())
                .containsExactly("counted:0:0", "counted:1:0");
        // which of the three it is depends on whether the clock moved on while they were typed
        assertThat(tools.getOffsets("--topic-partitions", "counted:0", "--time", "max-timestamp")
                        .lines())
                .hasSize(1)
                .allMatch(line -> line.matches("counted:0:[012]"));
        assertThat(tools.getOffsets("--topic-partitions", "counted:1", "--time", "max-timestamp")
                        .lines())
                .isEmpty();
        assertThat(tools.getOffsets("--topic-partitions", "counted:0", "--time", "0")
                        .lines())
                .containsExactly("counted:0:0");
    }

    @Test
    void recordsBelowAnOffsetAreDeleted(@TempDir Path folder) throws IOException {
        tools.createTopic("trimmed", 1);
        tools.consoleProducer("a\nb\nc\n", "--topic", "trimmed").succeeded();
        Path offsets = folder.resolve("offsets.json");

        Files.writeString(offsets, """
                {"version": 1, "partitions": [{"topic": "trimmed", "partition": 0, "offset": 2}]}
                """);
        assertThat(tools.deleteRecords("--offset-json-file", offsets.toString()).lines())
                .containsExactly(
                        "Executing records delete operation",
                        "Records delete operation completed:",
                        "partition: trimmed-0\tlow_watermark: 2");
        assertThat(tools.getOffsets("--topic", "trimmed", "--time", "earliest").lines())
                .containsExactly("trimmed:0:2");
        assertThat(tools.consoleConsumer("--topic", "trimmed", "--from-beginning", "--max-messages", "1")
                        .lines())
                .containsExactly("c");

        Files.writeString(offsets, """
                {"version": 1, "partitions": [{"topic": "trimmed", "partition": 0, "offset": 9}]}
                """);
        assertThat(tools.deleteRecords("--offset-json-file", offsets.toString()).lines())
                .contains("partition: trimmed-0\terror: org.apache.kafka.common.errors.OffsetOutOfRangeException:"
                        + " The requested offset is not within the range of offsets maintained by the server.");
    }
}
