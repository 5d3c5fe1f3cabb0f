package ottla.compat;

import java.util.ArrayList;
import java.util.List;

/** The stock command-line tools by the names of their scripts, each in a process of its own, pointed at one broker. */
record StockTools(String bootstrap) {
    private static final String TOOLS = "org.apache.kafka.tools.";

    static StockTools of(BrokerProcess broker) {
        return new StockTools(broker.bootstrap());
    }

    ToolRun topics(String... arguments) {
        return run("", TOOLS + "TopicCommand", arguments);
    }

    /** Creates a topic that a test needs before it begins. */
    void createTopic(String topic, int partitions) {
        topics("--create", "--topic", topic, "--partitions", String.valueOf(partitions))
                .succeeded();
    }

    ToolRun consoleProducer(String input, String... arguments) {
        return run(input, TOOLS + "ConsoleProducer", arguments);
    }

    ToolRun consoleConsumer(String... arguments) {
        return run("", TOOLS + "consumer.ConsoleConsumer", arguments);
    }

    ToolRun consumerGroups(String... arguments) {
        return run("", TOOLS + "consumer.group.ConsumerGroupCommand", arguments);
    }

    ToolRun groups(String... arguments) {
        return run("", TOOLS + "GroupsCommand", arguments);
    }

    ToolRun configs(String... arguments) {
        return run("", "kafka.admin.ConfigCommand", arguments);
    }

    ToolRun getOffsets(String... arguments) {
        return run("", TOOLS + "GetOffsetShell", arguments);
    }

    ToolRun deleteRecords(String... arguments) {
        return run("", TOOLS + "DeleteRecordsCommand", arguments);
    }

    ToolRun logDirs(String... arguments) {
        return run("", TOOLS + "LogDirsCommand", arguments);
    }

    ToolRun apiVersions(String... arguments) {
        return run("", TOOLS + "BrokerApiVersionsCommand", arguments);
    }

    ToolRun cluster(String subcommand, String... arguments) {
        return after(subcommand, TOOLS + "ClusterTool", arguments);
    }

    ToolRun metadataQuorum(String... arguments) {
        return run("", TOOLS + "MetadataQuorumCommand", arguments);
    }

    ToolRun features(String... arguments) {
        return run("", TOOLS + "FeatureCommand", arguments);
    }

    ToolRun reassignPartitions(String... arguments) {
        return run("", TOOLS + "reassign.ReassignPartitionsCommand", arguments);
    }

    ToolRun leaderElection(String... arguments) {
        return run("", TOOLS + "LeaderElectionCommand", arguments);
    }

    ToolRun producerPerformance(String... arguments) {
        return run("", TOOLS + "ProducerPerformance", arguments);
    }

    ToolRun consumerPerformance(String... arguments) {
        return run("", TOOLS + "ConsumerPerformance", arguments);
    }

    ToolRun verifiableProducer(String... arguments) {
        return run("", TOOLS + "VerifiableProducer", arguments);
    }

    ToolRun verifiableConsumer(String... arguments) {
        return run("", TOOLS + "VerifiableConsumer", arguments);
    }

    ToolRun endToEndLatency(String... arguments) {
        return run("", TOOLS + "EndToEndLatency", arguments);
    }

    private ToolRun run(String input, String mainClass, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--bootstrap-server", bootstrap));
        all.addAll(List.of(arguments));
        return ToolRun.toolReading(input, mainClass, all.toArray(String[]::new));
    }

    private ToolRun after(String subcommand, String mainClass, String... arguments) {
        List<String> all = new ArrayList<>(List.of(subcommand, "--bootstrap-server", bootstrap));
        all.addAll(List.of(arguments));
        return ToolRun.tool(mainClass, all.toArray(String[]::new));
    }
}
