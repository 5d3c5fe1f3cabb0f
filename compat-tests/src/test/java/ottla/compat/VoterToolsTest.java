package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidUpdateVersionException;
import org.apache.kafka.common.message.AddRaftVoterRequestData;
import org.apache.kafka.common.message.AddRaftVoterResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What a quorum of one that keeps its voters in the log answers to who wants to change them (KIP-853). */
@ParameterizedClass(name = "{0}")
@MethodSource("brokers")
class VoterToolsTest {
    private static final Pattern DIRECTORY = Pattern.compile("\"directoryId\": \"([^\"]+)\"");
    private static final Uuid ELSEWHERE = new Uuid(7, 2);

    private final BrokerProcess broker;
    private final StockTools tools;

    VoterToolsTest(BrokerProcess broker) {
        this.broker = broker;
        tools = StockTools.of(broker);
    }

    static Stream<BrokerProcess> brokers() {
        return Brokers.kinds()
                .map(kind -> BrokerProcess.start(
                        kind,
                        "VoterTools",
                        Map.of(
                                "controller.quorum.voters",
                                "",
                                "controller.quorum.bootstrap.servers",
                                "127.0.0.1:$CONTROLLER_PORT")));
    }

    @Test
    void theLastControllerIsNotRemoved() {
        Matcher directory =
                DIRECTORY.matcher(tools.metadataQuorum("describe", "--status").output());
        assertThat(directory.find()).isTrue();

        ToolRun removal = tools.metadataQuorum(
                "remove-controller", "--controller-id", "1", "--controller-directory-id", directory.group(1));

        assertThat(removal.status()).isEqualTo(1);
        String self = "ReplicaKey(id=1, directoryId=" + directory.group(1) + ")";
        assertThat(removal.output() + removal.errors())
                .contains("Cannot remove voter " + self + " from the set of voters [" + self + "]");
    }

    @Test
    void aControllerIsNotAddedTwice() {
        ToolRun addition =
                tools.metadataQuorum("--command-config", broker.properties().toString(), "add-controller");

        assertThat(addition.status()).isEqualTo(1);
        assertThat(addition.output() + addition.errors()).contains("is already part of the set of voters");
    }

    @Test
    void whoDoesNotAnswerIsNotAdded() throws IOException {
        AddRaftVoterRequestData absent = addition(2, Ports.free());

        AddRaftVoterResponseData answer = add(broker.port(), absent);

        assertThat(Errors.forCode(answer.errorCode())).isEqualTo(Errors.REQUEST_TIMED_OUT);
        assertThat(answer.errorMessage())
                .isEqualTo("Aborted add voter operation for since API_VERSIONS returned an error BROKER_NOT_AVAILABLE");
    }

    @Test
    void whatCannotBeAddedIsRefused() throws IOException {
        AddRaftVoterResponseData twice = add(broker.controllerPort(), addition(1, Ports.free()));
        AddRaftVoterResponseData other =
                add(broker.controllerPort(), addition(2, 1).setClusterId("another"));
        AddRaftVoterResponseData nobody =
                add(broker.controllerPort(), addition(2, 1).setVoterDirectoryId(Uuid.ZERO_UUID));
        AddRaftVoterResponseData nowhere =
                add(broker.controllerPort(), addition(2, 1).setListeners(listeners("OTHER", 1)));

        assertThat(Errors.forCode(twice.errorCode())).isEqualTo(Errors.DUPLICATE_VOTER);
        assertThat(twice.errorMessage())
                .startsWith("The voter id for ReplicaKey(id=1, directoryId=" + ELSEWHERE
                        + ") is already part of the set of voters [ReplicaKey(id=1, directoryId=");
        assertThat(Errors.forCode(other.errorCode())).isEqualTo(Errors.INCONSISTENT_CLUSTER_ID);
        assertThat(other.errorMessage())
                .isEqualTo("The given id \"another\" doesn't match the cluster id \"" + broker.clusterId() + "\"");
        assertThat(Errors.forCode(nobody.errorCode())).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(nobody.errorMessage()).isEqualTo("Add voter request didn't include a valid voter");
        assertThat(Errors.forCode(nowhere.errorCode())).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(nowhere.errorMessage())
                .isEqualTo("Add voter request didn't include the endpoint (Endpoints(endpoints={ListenerName(OTHER)="
                        + "127.0.0.1/<unresolved>:1})) for the default listener ListenerName(CONTROLLER)");
    }

    private AddRaftVoterRequestData addition(int id, int port) {
        return new AddRaftVoterRequestData()
                .setClusterId(broker.clusterId())
                .setTimeoutMs(5_000)
                .setVoterId(id)
                .setVoterDirectoryId(ELSEWHERE)
                .setListeners(listeners("CONTROLLER", port));
    }

    private static AddRaftVoterRequestData.ListenerCollection listeners(String name, int port) {
        AddRaftVoterRequestData.ListenerCollection listeners = new AddRaftVoterRequestData.ListenerCollection();
        listeners.add(new AddRaftVoterRequestData.Listener()
                .setName(name)
                .setHost("127.0.0.1")
                .setPort(port));
        return listeners;
    }

    private static AddRaftVoterResponseData add(int port, AddRaftVoterRequestData request) throws IOException {
        try (RawConnection connection = new RawConnection(port)) {
            return (AddRaftVoterResponseData) connection.ask(ApiKeys.ADD_RAFT_VOTER, 1, request);
        }
    }

    @Test
    void votersStayInTheLog() {
        try (Admin admin = Clients.of(broker).admin()) {
            assertThatThrownBy(() -> admin.updateFeatures(
                                    Map.of(
                                            "kraft.version",
                                            new FeatureUpdate((short) 0, FeatureUpdate.UpgradeType.SAFE_DOWNGRADE)),
                                    new UpdateFeaturesOptions())
                            .all()
                            .get())
                    .hasCauseInstanceOf(InvalidUpdateVersionException.class)
                    .hasMessageContaining("Can't downgrade the version of this feature.");
        }
    }
}
