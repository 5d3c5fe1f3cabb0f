package ottla.compat.suite;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a test needs that Ottla does not have yet: seen by what its failure or its name says, or known by its name. */
enum Capability {
    SECURITY("authorization|authorizer|SASL|Sasl|Scram|DelegationToken|Acl|\\bssl\\b|\\.ssl\\.|SSL|Authorized"),
    TIERED_STORAGE("tiered storage|Tiered"),
    SHARE_GROUPS("[Ss]hare|SHARE"),
    STREAMS_GROUPS("[Ss]treams|STREAMS"),
    CONSUMER_GROUPS("ConsumerGroupHeartbeat|ConsumerGroupDescribe|CONSUMER\\b|ConsumerProtocol|NewConsumerGroupProtocol"
            + "|GroupProtocolConsumer|Re2J|group\\.protocol=consumer|group\\.consumer\\.|Async|The group did not initialize as expected"
            + "|Expected that consumer group|cannot describe group without"
            + "|OffsetFetchRequestTest|#testDescribeAllExistingGroups|#testDescribeGroupMemberWithMigration"),
    TRANSACTIONS("[Tt]ransaction|[Tt]xn|InitProducerId|Producer.*Fenc"),
    QUOTAS("[Qq]uota"),
    TELEMETRY("Telemetry|ClientMetrics|CLIENT_METRICS"),
    PLUGINS("[Pp]olicy|Pluggable|Monitorable|InterBrokerSendThread|metric\\.reporters|Reporter"),
    ALL_APIS("API keys in ApiVersionsResponse");

    private final Pattern signs;

    Capability(String signs) {
        this.signs = Pattern.compile(signs);
    }

    String title() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** The first that fits. */
    static Optional<Capability> neededBy(Outcome failed) {
        String text = failed.test() + " " + failed.reason();
        return Arrays.stream(values())
                .filter(capability -> capability.signs.matcher(text).find())
                .findFirst();
    }
}
