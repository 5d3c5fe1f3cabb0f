package ottla.controller.decide;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.PartitionRegistration;
import ottla.controller.image.PartitionRegistration.LeaderRecovery;
import ottla.controller.image.TopicImage;
import ottla.replication.machine.Decision;
import ottla.wire.message.AlterPartitionRequest;
import ottla.wire.message.AlterPartitionRequest.BrokerState;
import ottla.wire.message.AlterPartitionResponse;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.message.metadata.PartitionChangeRecord;

/** AlterPartition (KIP-497): leaders propose in-sync sets. Each partition is accepted or refused on its own. */
public final class IsrChanges {
    private static final Logger LOG = LoggerFactory.getLogger(IsrChanges.class);
    private static final int FIRST_VERSION_WITH_EPOCHS = 3;
    private static final long ANY_EPOCH = -1;

    private final ClusterFacts facts;

    public IsrChanges(ClusterFacts facts) {
        this.facts = facts;
    }

    public Decision<MetadataRecord, AlterPartitionResponse> alter(AlterPartitionRequest request, int version) {
        Optional<BrokerRegistration> leader = facts.image().broker(request.brokerId());
        if (leader.isEmpty() || leader.get().epoch() != request.brokerEpoch()) {
            return Decision.of(AlterPartitionResponse.DEFAULT.withErrorCode(ErrorCode.STALE_BROKER_EPOCH.code()));
        }
        List<MetadataRecord> records = new ArrayList<>();
        List<AlterPartitionResponse.TopicData> topics = new ArrayList<>();
        for (AlterPartitionRequest.TopicData asked : request.topics()) {
            Optional<TopicImage> topic = facts.image().topic(asked.topicId());
            List<AlterPartitionResponse.PartitionData> partitions = new ArrayList<>();
            for (AlterPartitionRequest.PartitionData partition : asked.partitions()) {
                partitions.add(
                        topic.isEmpty()
                                ? refused(partition, ErrorCode.UNKNOWN_TOPIC_ID)
                                : alter(request.brokerId(), topic.get(), proposal(partition, version), records));
            }
            topics.add(new AlterPartitionResponse.TopicData(asked.topicId(), partitions));
        }
        return new Decision<>(records, AlterPartitionResponse.DEFAULT.withTopics(topics));
    }

    private AlterPartitionResponse.PartitionData alter(
            int leaderId, TopicImage topic, Proposal proposal, List<MetadataRecord> records) {
        AlterPartitionRequest.PartitionData asked = proposal.asked();
        Optional<PartitionRegistration> known = topic.partition(asked.partitionIndex());
        Optional<ErrorCode> refused = known.isEmpty()
                ? Optional.of(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
                : reasonRefused(leaderId, known.get(), proposal);
        if (refused.isPresent()) {
            LOG.info(
                    "the in-sync set {} of {}-{} is refused as {}, present is {}",
                    proposal.isr(),
                    topic.name(),
                    asked.partitionIndex(),
                    refused.get(),
                    known);
            return refused(asked, refused.get());
        }
        PartitionRegistration present = known.orElseThrow();
        Optional<PartitionChangeRecord> record = new PartitionChange(
                        topic.id(),
                        asked.partitionIndex(),
                        present,
                        id -> facts.mayLead(present, id),
                        facts.minIsr(topic),
                        facts.elr())
                .election(facts.electionFor(topic.name()))
                .isr(proposal.isr())
                .recovery(LeaderRecovery.of(asked.leaderRecoveryState()))
                .newDirectory(facts::defaultDirectory)
                .toRecord();
        record.ifPresent(records::add);
        PartitionRegistration next = record.map(present::after).orElse(present);
        if (next.leader() != leaderId) {
            // the change finished a reassignment, and with it the proposer's own leadership
            return refused(asked, ErrorCode.NEW_LEADER_ELECTED);
        }
        return AlterPartitionResponse.PartitionData.DEFAULT
                .withPartitionIndex(asked.partitionIndex())
                .withLeaderId(next.leader())
                .withLeaderEpoch(next.leaderEpoch())
                .withIsr(next.isr())
                .withLeaderRecoveryState(next.leaderRecovery().id())
                .withPartitionEpoch(next.partitionEpoch());
    }

    private Optional<ErrorCode> reasonRefused(int leaderId, PartitionRegistration present, Proposal proposal) {
        AlterPartitionRequest.PartitionData asked = proposal.asked();
        if (asked.leaderEpoch() > present.leaderEpoch() || asked.partitionEpoch() > present.partitionEpoch()) {
            // the leader knows more than this controller, which therefore is not the active one any more
            return Optional.of(ErrorCode.NOT_CONTROLLER);
        }
        if (asked.leaderEpoch() < present.leaderEpoch()) {
            return Optional.of(ErrorCode.FENCED_LEADER_EPOCH);
        }
        if (leaderId != present.leader()) {
            return Optional.of(ErrorCode.INVALID_REQUEST);
        }
        if (asked.partitionEpoch() < present.partitionEpoch()) {
            return Optional.of(ErrorCode.INVALID_UPDATE_VERSION);
        }
        List<Integer> isr = proposal.isr();
        boolean sound = new HashSet<>(isr).size() == isr.size()
                && present.replicas().containsAll(isr)
                && isr.contains(leaderId);
        boolean recovering = LeaderRecovery.of(asked.leaderRecoveryState()) == LeaderRecovery.RECOVERING;
        boolean recoverable = !recovering || (isr.size() == 1 && present.leaderRecovery() == LeaderRecovery.RECOVERING);
        if (!sound || !recoverable) {
            return Optional.of(ErrorCode.INVALID_REQUEST);
        }
        return proposal.members().stream().allMatch(this::isEligible)
                ? Optional.empty()
                : Optional.of(ErrorCode.INELIGIBLE_REPLICA);
    }

    /** KIP-841, KIP-903: only an active broker, and only the incarnation that the leader saw in sync. */
    private boolean isEligible(BrokerState member) {
        return facts.image()
                .broker(member.brokerId())
                .filter(BrokerRegistration::active)
                .filter(broker -> member.brokerEpoch() == ANY_EPOCH || member.brokerEpoch() == broker.epoch())
                .isPresent();
    }

    private static Proposal proposal(AlterPartitionRequest.PartitionData asked, int version) {
        List<BrokerState> members = version >= FIRST_VERSION_WITH_EPOCHS
                ? asked.newIsrWithEpochs()
                : asked.newIsr().stream()
                        .map(id -> new BrokerState(id, ANY_EPOCH))
                        .toList();
        return new Proposal(asked, members);
    }

    private static AlterPartitionResponse.PartitionData refused(
            AlterPartitionRequest.PartitionData asked, ErrorCode error) {
        return AlterPartitionResponse.PartitionData.DEFAULT
                .withPartitionIndex(asked.partitionIndex())
                .withErrorCode(error.code());
    }

    private record Proposal(AlterPartitionRequest.PartitionData asked, List<BrokerState> members) {
        List<Integer> isr() {
            return members.stream().map(BrokerState::brokerId).toList();
        }
    }
}
