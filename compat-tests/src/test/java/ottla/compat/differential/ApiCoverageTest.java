package ottla.compat.differential;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.Test;
import ottla.compat.BrokerKind;
import ottla.compat.BrokerProcess;
import ottla.compat.RawConnection;

/**
 * What of Kafka's protocol is served: the page {@code API-COVERAGE.md} is what a node announces on its listeners, beside all that
 * Kafka's classes know. {@code -Dottla.rewrite} writes it anew.
 */
final class ApiCoverageTest {
    private static final Path PAGE = Path.of(System.getProperty("basedir", ""), "API-COVERAGE.md");

    /** What only nodes say to each other; in the newest version, with Kafka's nodes at the other end. */
    private static final Map<ApiKeys, String> BETWEEN_NODES = Map.of(
            ApiKeys.VOTE, "MixedClusterTest",
            ApiKeys.BEGIN_QUORUM_EPOCH, "MixedClusterTest",
            ApiKeys.END_QUORUM_EPOCH, "MixedClusterTest",
            ApiKeys.FETCH_SNAPSHOT, "MixedClusterTest",
            ApiKeys.ALTER_PARTITION, "ReplicationTest",
            ApiKeys.CONTROLLER_REGISTRATION, "MixedClusterTest",
            ApiKeys.ENVELOPE, "MixedClusterTest",
            ApiKeys.UPDATE_RAFT_VOTER, "ControllerMigrationTest");

    private int servedKeys;
    private int servedPairs;
    private int testedPairs;

    @Test
    void thePageSaysWhatANodeAnnounces() throws IOException {
        String page;
        try (BrokerProcess node = BrokerProcess.start(BrokerKind.OTTLA, "ApiCoverageTest", Map.of())) {
            page = page(announced(node.port()), announced(node.controllerPort()));
        }
        if (Boolean.getBoolean("ottla.rewrite")) {
            Files.writeString(PAGE, page);
        }
        assertThat(PAGE).hasContent(page);
    }

    private static Map<ApiKeys, ApiVersion> announced(int port) throws IOException {
        ApiVersionsRequestData request =
                new ApiVersionsRequestData().setClientSoftwareName("coverage").setClientSoftwareVersion("1");
        Map<ApiKeys, ApiVersion> announced = new EnumMap<>(ApiKeys.class);
        try (RawConnection connection = new RawConnection(port)) {
            ((ApiVersionsResponseData) connection.ask(ApiKeys.API_VERSIONS, 4, request))
                    .apiKeys()
                    .forEach(api -> announced.put(ApiKeys.forId(api.apiKey()), api));
        }
        return announced;
    }

    private String page(Map<ApiKeys, ApiVersion> brokers, Map<ApiKeys, ApiVersion> controllers) {
        List<ApiKeys> all = Arrays.stream(ApiKeys.values())
                // a few have no version left
                .filter(api ->
                        api.messageType.lowestSupportedVersion() <= api.messageType.highestSupportedVersion(true))
                .sorted(Comparator.comparingInt(api -> api.id))
                .toList();
        List<String> lines = new ArrayList<>();
        int pairs = 0;
        for (ApiKeys api : all) {
            pairs += api.messageType.highestSupportedVersion(true) - api.messageType.lowestSupportedVersion() + 1;
            lines.add(line(api, brokers.get(api), controllers.get(api)));
        }
        return """
                # What of Kafka's protocol Ottla serves

                Written by `ApiCoverageTest` from what a node announces, which is what it serves; do not edit. The versions are those
                of Kafka 4.3.1. "Every version" in the last column: each is asked with good and bad content and answered field by field
                as by Kafka. Produce is announced from version 0 as Kafka does it, for old clients' sake, and served from 3.

                %d keys with %d (key, version) pairs. Served: %d keys with %d pairs, of which %d are tested one by one beside Kafka.

                | key | API | Kafka's versions | brokers | controllers | tested by |
                |---|---|---|---|---|---|
                %s
                """.formatted(all.size(), pairs, servedKeys, servedPairs, testedPairs, String.join("\n", lines));
    }

    private String line(ApiKeys api, ApiVersion onBrokers, ApiVersion onControllers) {
        short least = api.messageType.lowestSupportedVersion();
        short most = api.messageType.highestSupportedVersion(true);
        boolean served = onBrokers != null || onControllers != null;
        boolean everyVersion = DifferentialTest.SERVED.contains(api);
        if (served) {
            ApiVersion any = onBrokers == null ? onControllers : onBrokers;
            int pairs = any.maxVersion() - Math.max(least, any.minVersion()) + 1;
            servedKeys++;
            servedPairs += pairs;
            testedPairs += everyVersion ? pairs : 0;
        }
        String tested = !served
                ? "not served"
                : everyVersion ? "`DifferentialTest`, every version" : "`" + BETWEEN_NODES.get(api) + "`, the newest";
        return "| %d | %s | %s | %s | %s | %s |"
                .formatted(
                        api.id, api.name, versions(least, most), versions(onBrokers), versions(onControllers), tested);
    }

    private static String versions(ApiVersion announced) {
        return announced == null ? "" : versions(announced.minVersion(), announced.maxVersion());
    }

    private static String versions(short least, short most) {
        return least == most ? String.valueOf(least) : least + " to " + most;
    }
}
