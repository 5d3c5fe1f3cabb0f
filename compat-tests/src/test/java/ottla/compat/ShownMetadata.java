package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;

/**
 * What each node of a running cluster answers to what an admin client asks. Each is asked over a connection of its own, since an admin
 * client chooses among the nodes by itself.
 */
final class ShownMetadata {
    private static final byte CONTROLLERS = 2;
    private static final String GROUP = "shown-readers";
    private static final String METRICS = "shown-metrics";

    private ShownMetadata() {}

    /** Changes something of each family, and waits until all nodes show the same. */
    static void assertEqual(Cluster cluster) throws Exception {
        List<ConfigResource> changed = change(cluster);
        Waiting.value("all nodes show the same metadata", () -> differences(answers(cluster, changed)), Map::isEmpty);
        Map<String, Map<Object, List<Cluster.Node>>> shown = answers(cluster, changed);
        assertThat(shown.get("users").toString()).contains("anna");
        assertThat(shown.get("quotas").toString()).contains("producer_byte_rate", "12345");
        assertThat(shown.get("configs").toString()).contains("7654321", "47654", "1000012", "13000");
        assertThat(shown.get("topics").toString()).contains(changed.getFirst().name());
        assertThat(shown.get("features").toString()).contains("metadata.version");
        assertThat(shown.get("controllers").values())
                .containsExactly(cluster.controllers().stream()
                        .filter(node -> node.process().isAlive())
                        .toList());
    }

    private static List<ConfigResource> change(Cluster cluster) throws Exception {
        try (Admin admin = new Clients(cluster.bootstrap()).admin()) {
            String topic = new TreeSet<>(admin.listTopics().names().get()).first();
            Map<ConfigResource, String[]> settings = new LinkedHashMap<>();
            settings.put(
                    new ConfigResource(ConfigResource.Type.TOPIC, topic), new String[] {"retention.ms", "7654321"});
            settings.put(
                    new ConfigResource(ConfigResource.Type.BROKER, ""), new String[] {"message.max.bytes", "1000012"});
            settings.put(
                    new ConfigResource(ConfigResource.Type.GROUP, GROUP),
                    new String[] {"consumer.session.timeout.ms", "47654"});
            settings.put(
                    new ConfigResource(ConfigResource.Type.CLIENT_METRICS, METRICS),
                    new String[] {"interval.ms", "13000"});
            admin.incrementalAlterConfigs(settings.entrySet().stream()
                            .collect(Collectors.toMap(
                                    Map.Entry::getKey,
                                    entry -> List.of(new AlterConfigOp(
                                            new ConfigEntry(entry.getValue()[0], entry.getValue()[1]),
                                            AlterConfigOp.OpType.SET)))))
                    .all()
                    .get();
            admin.alterClientQuotas(List.of(new ClientQuotaAlteration(
                            new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, "anna")),
                            List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 12345.0)))))
                    .all()
                    .get();
            admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                            "anna", new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), "secret")))
                    .all()
                    .get();
            return List.copyOf(settings.keySet());
        }
    }

    /** Of the questions that are answered differently, what not all answers have. */
    private static Map<String, Map<Object, List<Cluster.Node>>> differences(
            Map<String, Map<Object, List<Cluster.Node>>> answers) {
        Map<String, Map<Object, List<Cluster.Node>>> differences = new LinkedHashMap<>();
        answers.forEach((question, given) -> {
            if (given.size() > 1) {
                Map<Object, List<Cluster.Node>> parts = new HashMap<>();
                given.forEach((answer, nodes) -> parts.put(withoutCommon(answer, given.keySet()), nodes));
                differences.put(question, parts);
            }
        });
        return differences;
    }

    private static Object withoutCommon(Object answer, Set<Object> all) {
        if (!(answer instanceof Collection<?> listed)) {
            return answer;
        }
        return listed.stream()
                .filter(element -> !all.stream().allMatch(other -> ((Collection<?>) other).contains(element)))
                .toList();
    }

    /** To each question the different answers, and who gave them. */
    private static Map<String, Map<Object, List<Cluster.Node>>> answers(Cluster cluster, List<ConfigResource> resources)
            throws IOException {
        Map<String, Map<Object, List<Cluster.Node>>> answers = new LinkedHashMap<>();
        for (Cluster.Node node : cluster.nodes()) {
            if (!node.process().isAlive()) {
                continue;
            }
            Map<String, Object> given = new LinkedHashMap<>();
            if (node.isBroker()) {
                try (RawConnection connection = new RawConnection(node.port())) {
                    askBroker(connection, resources, given);
                }
            }
            if (node.isController()) {
                try (RawConnection connection = new RawConnection(node.controllerPort())) {
                    askController(connection, given);
                }
            }
            given.forEach((question, answer) -> answers.computeIfAbsent(question, _ -> new HashMap<>())
                    .computeIfAbsent(answer, _ -> new ArrayList<>())
                    .add(node));
        }
        return answers;
    }

    private static void askBroker(RawConnection broker, List<ConfigResource> resources, Map<String, Object> given)
            throws IOException {
        MetadataResponseData metadata =
                (MetadataResponseData) ask(broker, ApiKeys.METADATA, new MetadataRequestData().setTopics(null));
        given.put("cluster id", metadata.clusterId());
        given.put("brokers", unordered(metadata.brokers()));
        given.put(
                "topics",
                metadata.topics().stream()
                        .map(topic ->
                                topic.name() + topic.topicId() + topic.isInternal() + unordered(topic.partitions()))
                        .collect(Collectors.toSet()));
        given.put("configs", configs(broker, resources));
        given.put(
                "configured resources",
                unordered(((ListConfigResourcesResponseData)
                                ask(broker, ApiKeys.LIST_CONFIG_RESOURCES, new ListConfigResourcesRequestData()))
                        .configResources()));
        given.put(
                "quotas",
                ((DescribeClientQuotasResponseData)
                                ask(broker, ApiKeys.DESCRIBE_CLIENT_QUOTAS, new DescribeClientQuotasRequestData()))
                        .entries().stream()
                                .map(entry -> unordered(entry.entity()) + "" + unordered(entry.values()))
                                .collect(Collectors.toSet()));
        given.put(
                "users",
                unordered(((DescribeUserScramCredentialsResponseData) ask(
                                broker,
                                ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS,
                                new DescribeUserScramCredentialsRequestData().setUsers(null)))
                        .results()));
        given.put(
                "reassignments",
                ((ListPartitionReassignmentsResponseData) ask(
                                broker,
                                ApiKeys.LIST_PARTITION_REASSIGNMENTS,
                                new ListPartitionReassignmentsRequestData().setTopics(null)))
                        .topics()
                        .toString());
        DescribeQuorumResponseData.PartitionData quorum = ((DescribeQuorumResponseData)
                        ask(broker, ApiKeys.DESCRIBE_QUORUM, Cluster.quorumRequest()))
                .topics()
                .getFirst()
                .partitions()
                .getFirst();
        given.put("active controller", quorum.leaderId());
        given.put(
                "quorum",
                quorum.leaderEpoch() + " "
                        + quorum.currentVoters().stream()
                                .map(voter -> voter.replicaId() + "-" + voter.replicaDirectoryId())
                                .collect(Collectors.toSet()));
        given.put("features", features(broker));
    }

    private static void askController(RawConnection controller, Map<String, Object> given) throws IOException {
        DescribeClusterResponseData cluster = (DescribeClusterResponseData) ask(
                controller, ApiKeys.DESCRIBE_CLUSTER, new DescribeClusterRequestData().setEndpointType(CONTROLLERS));
        given.put("cluster id", cluster.clusterId());
        given.put("active controller", cluster.controllerId());
        given.put("controllers", unordered(cluster.brokers()));
        given.put(
                "defaults of brokers",
                configs(controller, List.of(new ConfigResource(ConfigResource.Type.BROKER, ""))));
        given.put("features", features(controller));
    }

    private static Object configs(RawConnection node, List<ConfigResource> resources) throws IOException {
        DescribeConfigsRequestData request = new DescribeConfigsRequestData()
                .setIncludeSynonyms(true)
                .setResources(resources.stream()
                        .map(resource -> new DescribeConfigsRequestData.DescribeConfigsResource()
                                .setResourceType(resource.type().id())
                                .setResourceName(resource.name())
                                .setConfigurationKeys(null))
                        .toList());
        return ((DescribeConfigsResponseData) ask(node, ApiKeys.DESCRIBE_CONFIGS, request))
                .results().stream()
                        .map(result -> result.errorCode() + " " + result.resourceType() + result.resourceName()
                                + unordered(result.configs()))
                        .collect(Collectors.toSet());
    }

    private static Object features(RawConnection node) throws IOException {
        return unordered(((ApiVersionsResponseData) node.ask(
                        ApiKeys.API_VERSIONS,
                        3,
                        new ApiVersionsRequestData()
                                .setClientSoftwareName("shown")
                                .setClientSoftwareVersion("1")))
                .finalizedFeatures());
    }

    private static ApiMessage ask(RawConnection node, ApiKeys api, ApiMessage request) throws IOException {
        return node.ask(api, api.latestVersion(false), request);
    }

    /** Nodes list in whatever order their maps have. */
    private static Set<String> unordered(Collection<?> listed) {
        return listed.stream().map(Object::toString).collect(Collectors.toCollection(TreeSet::new));
    }
}
