package ottla.replication.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.io.MemoryDisk;
import ottla.replication.io.QuorumTerm.Append;
import ottla.replication.quorum.Endpoint;
import ottla.replication.quorum.Input;
import ottla.replication.quorum.MetadataRetention;
import ottla.replication.quorum.QuorumMembership;
import ottla.replication.quorum.QuorumMembership.Joining;
import ottla.replication.quorum.ReplicaKey;
import ottla.replication.quorum.Timeouts;
import ottla.replication.quorum.VersionedRecord;
import ottla.replication.quorum.Voter;
import ottla.replication.quorum.VoterSet;
import ottla.wire.message.AddRaftVoterRequest;
import ottla.wire.message.AddRaftVoterResponse;
import ottla.wire.message.DescribeQuorumRequest;
import ottla.wire.message.DescribeQuorumResponse;
import ottla.wire.message.RemoveRaftVoterRequest;
import ottla.wire.message.RemoveRaftVoterResponse;
import ottla.wire.message.metadata.TopicRecord;

/** Voters that come and go, among real nodes on disks in memory. */
final class QuorumVotersTest {
    /** Short, but with room for a machine that is busy with something else. */
    private static final Timeouts TIMEOUTS = new Timeouts(1000, 200, 1000, 1000, 20);

    private final MemoryPeers peers = new MemoryPeers();
    private final List<TestQuorum> started = new ArrayList<>();

    @AfterEach
    void stop() {
        started.reversed().forEach(TestQuorum::close);
    }

    private static Endpoint endpoint(int id) {
        return new Endpoint("node", id);
    }

    private static Map<String, Endpoint> endpoints(int id) {
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        endpoints.put("CONTROLLER", endpoint(id));
        return endpoints;
    }

    private static VoterSet firstVoter() {
        return VoterSet.of(List.of(new Voter(new ReplicaKey(1, new Uuid(1, 1)), endpoints(1), 0, 1)));
    }

    private static MemoryDisk formatted(int id, int directory, Optional<VoterSet> voters) {
        MemoryDisk disk = new MemoryDisk();
        QuorumFormat.format(
                disk, new QuorumFormat.Plan(TestQuorum.CLUSTER, id, new Uuid(directory, id), List.of(), voters), 0);
        return disk;
    }

    private TestQuorum start(int id, int directory, MemoryDisk disk, VoterSet configured, Joining joining) {
        QuorumSettings settings = new QuorumSettings(
                TestQuorum.CLUSTER,
                new QuorumMembership(
                        new ReplicaKey(id, new Uuid(directory, id)),
                        endpoints(id),
                        "CONTROLLER",
                        IntStream.of(1, 2, 3)
                                .filter(other -> other != id)
                                .mapToObj(QuorumVotersTest::endpoint)
                                .toList(),
                        joining),
                configured,
                TIMEOUTS,
                LogConfig.DEFAULT,
                MetadataRetention.DEFAULT);
        TestQuorum node = TestQuorum.on(disk, settings, peers);
        peers.join(endpoint(id), node.node());
        started.add(node);
        return node;
    }

    private void stop(int id, TestQuorum node) {
        peers.leave(endpoint(id));
        started.remove(node);
        node.close();
    }

    private TestQuorum startFirst() {
        return start(1, 1, formatted(1, 1, Optional.of(firstVoter())), VoterSet.EMPTY, Joining.BY_REQUEST);
    }

    private TestQuorum startEmpty(int id, int directory, Joining joining) {
        return start(id, directory, formatted(id, directory, Optional.empty()), VoterSet.EMPTY, joining);
    }

    private static long append(QuorumTerm term, int number) {
        return term.append(List.of(VersionedRecord.latest(new TopicRecord("topic" + number, new Uuid(9, number)))))
                        instanceof Append.Accepted accepted
                ? accepted.lastOffset()
                : -1;
    }

    private static RemoveRaftVoterRequest removal(int id, int directory) {
        return new RemoveRaftVoterRequest(TestQuorum.CLUSTER, id, new Uuid(directory, id));
    }

    private static <A> A answer(CompletionStage<A> stage) throws Exception {
        return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    @Test
    void aControllerJoinsByItselfAndTakesOver() throws Exception {
        TestQuorum first = startFirst();
        long before = append(first.leads(), 1);
        TestQuorum second = startEmpty(2, 1, Joining.BY_ITSELF);
        first.voted(1, 2);
        second.committed(before);

        RemoveRaftVoterResponse removed = answer(first.node().removeVoter(removal(1, 1)));

        assertThat(ErrorCode.of(removed.errorCode())).isEqualTo(ErrorCode.NONE);
        second.voted(2);
        long after = append(second.leads(), 2);
        second.committed(after);
        first.committed(after);
    }

    @Test
    void aControllerThatLostItsDiskReplacesWhatItWas() throws Exception {
        TestQuorum first = startFirst();
        QuorumTerm term = first.leads();
        TestQuorum second = startEmpty(2, 1, Joining.BY_ITSELF);
        first.voted(1, 2);
        stop(2, second);

        startEmpty(2, 5, Joining.BY_ITSELF);

        while (!first.node().voters().contains(new ReplicaKey(2, new Uuid(5, 2)))) {
            first.next();
        }
        first.committed(append(term, 3));
    }

    /** It hears of nothing new meanwhile, and is asked for votes as before. */
    @Test
    void whoseDiskIsFullFetchesAgainUntilThereIsRoom() throws Exception {
        TestQuorum first = startFirst();
        QuorumTerm term = first.leads();
        MemoryDisk small = formatted(2, 1, Optional.empty());
        TestQuorum second = start(2, 1, small, VoterSet.EMPTY, Joining.BY_REQUEST);
        second.committed(append(term, 1));

        small.limit(0);
        long offset = append(term, 2);
        first.committed(offset);
        long committedMs = System.currentTimeMillis();
        DescribeQuorumResponse.ReplicaState seen = observer(first);
        while (seen.lastFetchTimestamp() <= committedMs) {
            // it would not answer any more if it had ended
            assertThat(described(second).errorCode()).isEqualTo(ErrorCode.NOT_LEADER_OR_FOLLOWER.code());
            seen = observer(first);
        }
        assertThat(seen.logEndOffset()).isEqualTo(offset);

        small.limit(Long.MAX_VALUE);
        second.committed(offset);
    }

    private static DescribeQuorumResponse.ReplicaState observer(TestQuorum leader) throws Exception {
        return described(leader).observers().getFirst();
    }

    private static DescribeQuorumResponse.PartitionData described(TestQuorum node) throws Exception {
        DescribeQuorumRequest request =
                DescribeQuorumRequest.DEFAULT.withTopics(List.of(DescribeQuorumRequest.TopicData.DEFAULT
                        .withTopicName("__cluster_metadata")
                        .withPartitions(List.of(DescribeQuorumRequest.PartitionData.DEFAULT.withPartitionIndex(0)))));
        return answer(node.node().describeQuorum(DescribeQuorumRequest.MAX_VERSION, request))
                .topics()
                .getFirst()
                .partitions()
                .getFirst();
    }

    @Test
    void recordsAndVotersShareOneLog() throws Exception {
        TestQuorum first = startFirst();
        QuorumTerm term = first.leads();
        TestQuorum second = startEmpty(2, 1, Joining.BY_REQUEST);
        second.committed(0);

        ErrorCode added;
        do {
            append(term, 4);
            AddRaftVoterResponse response = answer(first.node()
                    .addVoter(new AddRaftVoterRequest(
                            TestQuorum.CLUSTER,
                            1000,
                            2,
                            new Uuid(1, 2),
                            List.of(new AddRaftVoterRequest.Listener("CONTROLLER", "node", 2)),
                            true)));
            append(term, 5);
            added = ErrorCode.of(response.errorCode());
        } while (added == ErrorCode.REQUEST_TIMED_OUT);

        assertThat(added).isEqualTo(ErrorCode.NONE);
        long last = append(term, 6);
        first.committed(last);
        second.committed(last);
        assertThat(second.node().voters().ids()).containsExactly(1, 2);
    }

    @Test
    void configuredVotersMoveIntoTheLog() throws Exception {
        VoterSet configured = VoterSet.of(List.of(
                new Voter(ReplicaKey.ofUnknownDirectory(1), endpoints(1), 0, 0),
                new Voter(ReplicaKey.ofUnknownDirectory(2), endpoints(2), 0, 0)));
        TestQuorum one = start(1, 1, formatted(1, 1, Optional.empty()), configured, Joining.BY_REQUEST);
        TestQuorum two = start(2, 1, formatted(2, 1, Optional.empty()), configured, Joining.BY_REQUEST);
        one.committed(0);
        TestQuorum leader = one.node().leadership().leaderId().orElse(2) == 1 ? one : two;
        int epoch = leader.node().leadership().epoch();

        ErrorCode upgraded;
        do {
            // The other voter has not said yet what it supports.
            upgraded = answer(leader.node().upgradeKRaftVersion(epoch, 1, Input.Upgrade.MAKE))
                    .error();
        } while (upgraded == ErrorCode.INVALID_UPDATE_VERSION);

        assertThat(upgraded).isEqualTo(ErrorCode.NONE);
        for (TestQuorum node : List.of(one, two)) {
            while (node.node().kRaftVersion() == 0) {
                node.next();
            }
            assertThat(node.node().voters().voters())
                    .extracting(Voter::key)
                    .containsExactly(new ReplicaKey(1, new Uuid(1, 1)), new ReplicaKey(2, new Uuid(1, 2)));
        }
    }

    @Test
    void otherClustersAndImpossibleChangesAreRefused() throws Exception {
        TestQuorum first = startFirst();
        first.leads();

        RemoveRaftVoterResponse other =
                answer(first.node().removeVoter(removal(1, 1).withClusterId("another")));
        RemoveRaftVoterResponse last = answer(first.node().removeVoter(removal(1, 1)));

        assertThat(ErrorCode.of(other.errorCode())).isEqualTo(ErrorCode.INCONSISTENT_CLUSTER_ID);
        assertThat(other.errorMessage())
                .isEqualTo("The given id \"another\" doesn't match the cluster id \"" + TestQuorum.CLUSTER + "\"");
        assertThat(ErrorCode.of(last.errorCode())).isEqualTo(ErrorCode.VOTER_NOT_FOUND);
    }
}
