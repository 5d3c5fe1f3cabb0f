package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialsDescription;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code kafka-storage format} is told about a new cluster is in force when the first node has started on the directory. */
class FormatTest {
    private static final String STORAGE = "kafka.tools.StorageTool";

    static Stream<BrokerKind> kinds() {
        return Brokers.kinds();
    }

    /** A combined node, alone in its cluster. */
    private record Node(int id, int port, int controllerPort, NodeProcess process) implements AutoCloseable {
        static Node of(BrokerKind kind, int id) {
            int port = Ports.free();
            int controllerPort = Ports.free();
            NodeProcess process = new NodeProcess(kind, "Format-" + id, List.of(), port, RawConnection::isUsable);
            Map<String, String> settings = new LinkedHashMap<>();
            settings.put("process.roles", "broker,controller");
            settings.put("node.id", String.valueOf(id));
            settings.put("controller.quorum.bootstrap.servers", "127.0.0.1:" + controllerPort);
            settings.put("listeners", "PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort);
            settings.put("controller.listener.names", "CONTROLLER");
            settings.put("log.dirs", process.dataDirectory().toString());
            process.configure(settings);
            return new Node(id, port, controllerPort, process);
        }

        Admin admin() {
            return new Clients("127.0.0.1:" + port).admin();
        }

        Uuid directoryId() throws IOException {
            Properties properties = new Properties();
            try (var file = Files.newBufferedReader(process.dataDirectory().resolve("meta.properties"))) {
                properties.load(file);
            }
            return Uuid.fromString(properties.getProperty("directory.id"));
        }

        @Override
        public void close() {
            process.close();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void isInForceFromTheFirstStart(BrokerKind kind) throws Exception {
        try (Node standalone = Node.of(kind, 1);
                Node initial = Node.of(kind, 2)) {
            String clusterId = NearTool.run(STORAGE, "random-uuid").succeeded().strip();
            standalone.process.format(
                    clusterId,
                    "--standalone",
                    "--release-version",
                    "4.1-IV1",
                    "--feature",
                    "transaction.version=1",
                    "--feature",
                    "eligible.leader.replicas.version=0",
                    "--add-scram",
                    "SCRAM-SHA-256=[name=anna,password=secret]",
                    "--add-scram",
                    "SCRAM-SHA-512=[name=anna,iterations=8192,salt=\"N3E=\",saltedpassword=\"YCE=\"]",
                    "--add-scram",
                    "SCRAM-SHA-256=[name=berta,iterations=16384,password=secret]");
            Uuid directory = new Uuid(20, 2);
            initial.process.format(
                    BrokerProcess.CLUSTER_ID,
                    "--initial-controllers",
                    "2@127.0.0.1:" + initial.controllerPort + ":" + directory,
                    "--feature",
                    "metadata.version=28",
                    "--feature",
                    "group.version=0");
            List<Node> nodes = List.of(standalone, initial);
            nodes.forEach(node -> node.process.launch());
            nodes.forEach(node -> node.process.awaitReady());

            try (Admin admin = standalone.admin()) {
                assertThat(admin.describeCluster().clusterId().get()).isEqualTo(clusterId);
                assertThat(features(admin))
                        .isEqualTo(Map.of(
                                "metadata.version", 27,
                                "kraft.version", 1,
                                "group.version", 1,
                                "transaction.version", 1));
                assertThat(voters(admin)).containsExactly(voter(standalone, standalone.directoryId()));
                assertThat(users(admin))
                        .isEqualTo(Map.of(
                                "anna",
                                Set.of(
                                        new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096),
                                        new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192)),
                                "berta",
                                Set.of(new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 16384))));
            }
            try (Admin admin = initial.admin()) {
                assertThat(admin.describeCluster().clusterId().get()).isEqualTo(BrokerProcess.CLUSTER_ID);
                assertThat(features(admin))
                        .isEqualTo(Map.of(
                                "metadata.version", 28,
                                "kraft.version", 1,
                                "eligible.leader.replicas.version", 1,
                                "share.version", 1,
                                "transaction.version", 2));
                assertThat(initial.directoryId()).isEqualTo(directory);
                assertThat(voters(admin)).containsExactly(voter(initial, directory));
                assertThat(users(admin)).isEmpty();
            }
        }
    }

    private static Map<String, Integer> features(Admin admin) throws Exception {
        return admin.describeFeatures().featureMetadata().get().finalizedFeatures().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, feature -> (int) feature.getValue().maxVersionLevel()));
    }

    private static String voter(Node node, Uuid directory) {
        return node.id + " in " + directory + " at 127.0.0.1:" + node.controllerPort;
    }

    private static List<String> voters(Admin admin) throws Exception {
        QuorumInfo quorum = admin.describeMetadataQuorum().quorumInfo().get();
        List<String> voters = new ArrayList<>();
        for (QuorumInfo.ReplicaState voter : quorum.voters()) {
            voters.add(voter.replicaId() + " in " + voter.replicaDirectoryId() + " at "
                    + quorum.nodes().get(voter.replicaId()).endpoints().stream()
                            .map(endpoint -> endpoint.host() + ":" + endpoint.port())
                            .collect(Collectors.joining(",")));
        }
        return voters;
    }

    private static Map<String, Set<ScramCredentialInfo>> users(Admin admin) throws Exception {
        return admin.describeUserScramCredentials().all().get().values().stream()
                .collect(Collectors.toMap(
                        UserScramCredentialsDescription::name, user -> Set.copyOf(user.credentialInfos())));
    }
}
