package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The tools that measure and the tools that verify. */
@OnEachBroker
class LoadToolsTest {
    private final StockTools tools;

    LoadToolsTest(BrokerProcess broker) {
        tools = StockTools.of(broker);
    }

    @Test
    void thePerformanceToolsReadWhatTheyWrote() {
        tools.createTopic("measured", 2);

        List<String> written = tools.producerPerformance(
                        "--topic",
                        "measured",
                        "--num-records",
                        "20000",
                        "--record-size",
                        "100",
                        "--throughput",
                        "-1",
                        "--command-property",
                        "acks=all",
                        "--command-property",
                        "compression.type=zstd")
                .lines();
        assertThat(written.getLast())
                .matches("20000 records sent, [\\d.]+ records/sec \\([\\d.]+ MB/sec\\), [\\d.]+ ms avg latency,"
                        + " [\\d.]+ ms max latency, .*");

        List<String> read = tools.consumerPerformance("--topic", "measured", "--num-records", "20000")
                .lines();
        assertThat(read.getFirst()).startsWith("start.time, end.time, data.consumed.in.MB");
        String[] columns = read.getLast().split(", ");
        assertThat(columns[2]).isEqualTo("1.9073");
        assertThat(columns[4]).isEqualTo("20000");
    }

    @Test
    void theVerifiableToolsAgree() {
        tools.createTopic("verified", 3);

        List<String> sent = tools.verifiableProducer("--topic", "verified", "--max-messages", "500", "--acks", "-1")
                .lines();
        assertThat(sent.getFirst()).contains("\"name\":\"startup_complete\"");
        assertThat(sent.stream().filter(line -> line.contains("producer_send_success")))
                .hasSize(500);
        assertThat(places(sent)).hasSize(500);
        assertThat(sent.getLast()).contains("\"name\":\"tool_data\"", "\"sent\":500,\"acked\":500");

        List<String> received = tools.verifiableConsumer(
                        "--topic",
                        "verified",
                        "--group-id",
                        "verifier",
                        "--max-messages",
                        "500",
                        "--reset-policy",
                        "earliest")
                .lines();
        assertThat(received).anyMatch(line -> line.contains("\"name\":\"partitions_assigned\""));
        assertThat(received.stream()
                        .filter(line -> line.contains("records_consumed"))
                        .mapToInt(line -> number("count", line))
                        .sum())
                .isEqualTo(500);
        assertThat(received)
                .anyMatch(line -> line.contains("\"name\":\"offsets_committed\"") && line.contains("\"success\":true"))
                .noneMatch(line -> line.contains("\"success\":false"));
    }

    @Test
    void endToEndLatencyIsMeasured() {
        tools.createTopic("latency", 1);

        List<String> lines = tools.endToEndLatency(
                        "--topic", "latency", "--num-records", "200", "--producer-acks", "all", "--record-size", "100")
                .lines();

        assertThat(lines.get(lines.size() - 2)).matches("Avg latency: [\\d.,]+ ms");
        assertThat(lines.getLast()).matches("Percentiles: 50th = \\d+, 99th = \\d+, 99.9th = \\d+");
    }

    private static Set<String> places(List<String> sent) {
        Set<String> places = new TreeSet<>();
        for (String line : sent) {
            if (line.contains("producer_send_success")) {
                places.add(number("partition", line) + ":" + number("offset", line));
            }
        }
        return places;
    }

    private static int number(String field, String json) {
        Matcher match = Pattern.compile('"' + field + "\":(\\d+)").matcher(json);
        assertThat(match.find()).as("%s in %s", field, json).isTrue();
        return Integer.parseInt(match.group(1));
    }
}
