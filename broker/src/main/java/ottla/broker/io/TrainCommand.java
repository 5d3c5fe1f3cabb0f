package ottla.broker.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import ottla.base.Uuid;
import ottla.broker.config.Listener;
import ottla.broker.config.NodeConfig;
import ottla.broker.config.NodeConfig.Parsed;
import ottla.broker.io.command.Arguments;
import ottla.broker.io.command.Command;
import ottla.broker.io.command.Terminal;
import ottla.wire.compress.Codec;
import ottla.wire.io.ClientSoftware;
import ottla.wire.io.EventLoops;
import ottla.wire.io.NetworkClient;
import ottla.wire.io.PeerConnection;
import ottla.wire.io.PeerLimits;
import ottla.wire.message.ApiKey;
import ottla.wire.message.CreateTopicsRequest;
import ottla.wire.message.CreateTopicsRequest.CreatableTopic;
import ottla.wire.message.DeleteTopicsRequest;
import ottla.wire.message.DeleteTopicsRequest.DeleteTopicState;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchRequest.FetchTopic;
import ottla.wire.message.FindCoordinatorRequest;
import ottla.wire.message.ListOffsetsRequest;
import ottla.wire.message.ListOffsetsRequest.ListOffsetsPartition;
import ottla.wire.message.ListOffsetsRequest.ListOffsetsTopic;
import ottla.wire.message.MetadataRequest;
import ottla.wire.message.MetadataResponse;
import ottla.wire.message.ProduceRequest;
import ottla.wire.message.ProduceRequest.PartitionProduceData;
import ottla.wire.message.ProduceRequest.TopicProduceData;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.primitive.Payload;
import ottla.wire.record.BatchWriter;

/**
 * Runs a node through its first steps and ends. The build runs it once with {@code -XX:AOTCacheOutput}, so that the JVM of every
 * later start finds its classes loaded, linked and profiled (JEP 483, 514, 515).
 */
final class TrainCommand implements Command {
    /** Enough for the JVM to have seen which methods matter, and done in a second. */
    private static final int ROUNDS = 200;

    private static final String TOPIC = "training";

    private static final int LARGE_ROUNDS = 3;

    /** A topic of so many partitions is decided on, but not made. */
    private static final int PARTITIONS_DECIDED = 10_000;

    /** A topic of so many partitions is made and deleted again: enough for the JVM, and soon done. */
    private static final int PARTITIONS_MADE = 500;

    @Override
    public String name() {
        return "train";
    }

    @Override
    public String description() {
        return "Run a node in a temporary folder through its first steps, and end.";
    }

    @Override
    public boolean isListed() {
        return false;
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) throws IOException {
        Path folder = Files.createTempDirectory("ottla-train");
        try {
            Map<String, String> properties = NodeConfig.standalone();
            properties.put("listeners", "PLAINTEXT://localhost:0,CONTROLLER://localhost:0");
            properties.put("log.dirs", folder.resolve("data").toString());
            properties.put("offsets.topic.num.partitions", "1");
            if (!(NodeConfig.parse(properties) instanceof Parsed.Accepted(NodeConfig config, List<String> warnings))) {
                return FAILED;
            }
            try (Node node = Node.start(config, Node.Format.IF_NEEDED);
                    EventLoops loops = new EventLoops(1)) {
                drive(node, loops);
            }
            return DONE;
        } finally {
            delete(folder);
        }
    }

    private static void drive(Node node, EventLoops loops) {
        Listener clients = node.listeners().getLast();
        PeerConnection connection = new NetworkClient(loops, PeerLimits.DEFAULT)
                .connect("localhost", clients.port(), "train")
                .toCompletableFuture()
                .join();
        connection
                .negotiate(new ClientSoftware("ottla", "train"))
                .toCompletableFuture()
                .join();
        ask(connection, create(TOPIC, 1));
        // what is created is served a moment later, and then the metadata shows it
        while (((MetadataResponse) ask(connection, MetadataRequest.DEFAULT.withTopics(null)))
                .topics()
                .isEmpty()) {
            Thread.onSpinWait();
        }
        ask(connection, FindCoordinatorRequest.DEFAULT.withCoordinatorKeys(List.of(TOPIC)));
        for (int round = 0; round < ROUNDS; round++) {
            ask(connection, 12, produce());
            ask(connection, 12, fetch(round));
        }
        ask(connection, listOffsets());
        for (int round = 0; round < LARGE_ROUNDS; round++) {
            ask(connection, create("decided", PARTITIONS_DECIDED).withValidateOnly(true));
            ask(connection, create("made", PARTITIONS_MADE));
            ask(connection, DeleteTopicsRequest.DEFAULT.withTopics(List.of(DeleteTopicState.DEFAULT.withName("made"))));
        }
    }

    private static CreateTopicsRequest create(String topic, int partitions) {
        return CreateTopicsRequest.DEFAULT.withTopics(List.of(CreatableTopic.DEFAULT
                .withName(topic)
                .withNumPartitions(partitions)
                .withReplicationFactor((short) 1)));
    }

    private static ProduceRequest produce() {
        ByteBuffer value = ByteBuffer.wrap("a record of some bytes".getBytes(StandardCharsets.UTF_8));
        ByteBuffer batch = BatchWriter.at(0)
                .compressedWith(Codec.NONE)
                .append(System.currentTimeMillis(), value, value)
                .build();
        return ProduceRequest.DEFAULT
                .withAcks((short) -1)
                .withTimeoutMs(1000)
                .withTopicData(List.of(new TopicProduceData(
                        TOPIC, Uuid.ZERO, List.of(new PartitionProduceData(0, Payload.of(batch))))));
    }

    private static FetchRequest fetch(long offset) {
        FetchPartition partition =
                FetchPartition.DEFAULT.withPartition(0).withFetchOffset(offset).withPartitionMaxBytes(1 << 20);
        return FetchRequest.DEFAULT
                .withMaxWaitMs(100)
                .withMinBytes(1)
                .withTopics(List.of(FetchTopic.DEFAULT.withTopic(TOPIC).withPartitions(List.of(partition))));
    }

    private static ListOffsetsRequest listOffsets() {
        return ListOffsetsRequest.DEFAULT
                .withReplicaId(-1)
                .withTopics(
                        List.of(new ListOffsetsTopic(TOPIC, List.of(ListOffsetsPartition.DEFAULT.withTimestamp(-1)))));
    }

    private static Response ask(PeerConnection connection, Request request) {
        ApiKey api = request.apiKey();
        return ask(connection, api.latestVersionUnstable() ? api.maxVersion() - 1 : api.maxVersion(), request);
    }

    private static Response ask(PeerConnection connection, int version, Request request) {
        Response answer = connection
                .send(request.apiKey(), version, request)
                .toCompletableFuture()
                .join();
        if (answer instanceof ottla.wire.message.FetchResponse fetched) {
            fetched.responses()
                    .forEach(topic -> topic.partitions().forEach(partition -> {
                        Payload records = partition.records();
                        if (records != null) {
                            records.release();
                        }
                    }));
        }
        return answer;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
