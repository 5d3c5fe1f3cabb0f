package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kafka Connect in its distributed mode, which keeps connectors, their offsets and their states in compacted topics and its workers in
 * a group.
 */
@OnEachBroker
class ConnectTest {
    private final BrokerProcess broker;
    private final HttpClient http = HttpClient.newHttpClient();
    private final int port = Ports.free();

    @TempDir
    private Path folder;

    ConnectTest(BrokerProcess broker) {
        this.broker = broker;
    }

    @Test
    void linesGoFromFileToFileByWayOfATopic() throws Exception {
        Path from = folder.resolve("from.txt");
        Path into = folder.resolve("into.txt");
        Files.write(from, List.of("one", "two"));
        try (Worker worker = new Worker()) {
            worker.awaitReady();
            put("source", "FileStreamSource", "topic", from);
            put("sink", "FileStreamSink", "topics", into);
            awaitLines(into, "one", "two");
        }
        Files.write(from, List.of("three"), StandardOpenOption.APPEND);
        try (Worker worker = new Worker()) {
            worker.awaitReady();
            awaitLines(into, "one", "two", "three");
            assertThat(get("/connectors").body()).contains("source", "sink");
        }
        assertThat(into).hasContent("one\ntwo\nthree");
    }

    private static void awaitLines(Path file, String... lines) {
        Waiting.until(
                file.getFileName() + " has its lines",
                () -> Files.exists(file) && Files.readAllLines(file).equals(List.of(lines)));
    }

    private void put(String name, String connector, String topicKey, Path file) throws Exception {
        String config = "{\"connector.class\": \"" + connector + "\", \"" + topicKey + "\": \"lines\", \"file\": \""
                + file + "\", \"tasks.max\": \"1\"}";
        HttpRequest request = HttpRequest.newBuilder(uri("/connectors/" + name + "/config"))
                .header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(config))
                .build();
        Waiting.value(
                "the connector " + name + " is taken",
                () -> http.send(request, HttpResponse.BodyHandlers.ofString()),
                response -> response.statusCode() == 201 || response.statusCode() == 200);
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** A process of Connect's, which stops in order. */
    private final class Worker implements AutoCloseable {
        private final Process process;

        Worker() throws IOException {
            Path settings = Files.write(
                    folder.resolve("worker.properties"),
                    List.of(
                            "bootstrap.servers=" + broker.bootstrap(),
                            "group.id=connect",
                            "listeners=http://127.0.0.1:" + port,
                            "key.converter=org.apache.kafka.connect.storage.StringConverter",
                            "value.converter=org.apache.kafka.connect.storage.StringConverter",
                            "config.storage.topic=connect-configs",
                            "config.storage.replication.factor=1",
                            "offset.storage.topic=connect-offsets",
                            "offset.storage.replication.factor=1",
                            "offset.storage.partitions=5",
                            "status.storage.topic=connect-states",
                            "status.storage.replication.factor=1",
                            // who works alone need not wait for others
                            "scheduled.rebalance.max.delay.ms=0",
                            "plugin.discovery=service_load"));
            process = new ProcessBuilder(
                            Jvm.tool("org.apache.kafka.connect.cli.ConnectDistributed", settings.toString()))
                    .redirectErrorStream(true)
                    .redirectOutput(Redirect.appendTo(
                            BrokerProcess.WORK.resolve("Connect-tool.log").toFile()))
                    .start();
        }

        void awaitReady() {
            Waiting.until("the worker answers", () -> {
                try {
                    return get("/connectors").statusCode() == 200;
                } catch (IOException notYet) {
                    return false;
                }
            });
        }

        @Override
        public void close() {
            process.destroy();
            try {
                Waiting.until("the worker has stopped", () -> !process.isAlive());
            } finally {
                process.destroyForcibly();
            }
        }
    }
}
