package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The Java admin client on groups and their offsets. */
@OnEachBroker
class GroupAdminTest {
    private final BrokerProcess broker;
    private final Clients clients;
    private final Admin admin;

    GroupAdminTest(BrokerProcess broker) {
        this.broker = broker;
        clients = Clients.of(broker);
        admin = clients.admin();
    }

    @AfterEach
    void closeAdmin() {
        admin.close(Duration.ofSeconds(5));
    }

    @Test
    void offsetsOfAGroupWithoutMembersAreAltered() throws Exception {
        clients.createTopic("altered", 2);
        TopicPartition first = new TopicPartition("altered", 0);
        TopicPartition second = new TopicPartition("altered", 1);

        admin.alterConsumerGroupOffsets(
                        "bare", Map.of(first, new OffsetAndMetadata(5, "note"), second, new OffsetAndMetadata(7)))
                .all()
                .get();

        assertThat(offsets("bare")).containsOnlyKeys(first, second);
        assertThat(offsets("bare").get(first)).isEqualTo(new OffsetAndMetadata(5, "note"));
        assertThat(admin.listGroups(ListGroupsOptions.forConsumerGroups()).all().get())
                .anySatisfy(group -> {
                    assertThat(group.groupId()).isEqualTo("bare");
                    assertThat(group.groupState()).contains(GroupState.EMPTY);
                    assertThat(group.type()).contains(GroupType.CLASSIC);
                });

        admin.deleteConsumerGroupOffsets("bare", Set.of(first)).all().get();
        assertThat(offsets("bare")).containsOnlyKeys(second);

        admin.deleteConsumerGroups(List.of("bare")).all().get();
        assertThat(offsets("bare")).isEmpty();
        assertThat(Clients.failure(admin.deleteConsumerGroups(List.of("bare")).all()))
                .isInstanceOf(GroupIdNotFoundException.class);
    }

    @Test
    void aLiveGroupIsDescribedAndGuarded() throws Exception {
        clients.createTopic("watched", 2);
        TopicPartition partition = new TopicPartition("watched", 0);
        try (KafkaConsumer<String, String> consumer =
                clients.consumer("group.id", "live", "client.id", "watcher", "group.instance.id", "watcher-1")) {
            consumer.subscribe(List.of("watched"));
            Waiting.until("the partitions are assigned", () -> {
                consumer.poll(Duration.ofMillis(50));
                return consumer.assignment().size() == 2;
            });
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(0)));

            ConsumerGroupDescription group =
                    admin.describeConsumerGroups(List.of("live")).all().get().get("live");
            assertThat(group.groupState()).isEqualTo(GroupState.STABLE);
            assertThat(group.type()).isEqualTo(GroupType.CLASSIC);
            assertThat(group.partitionAssignor()).isEqualTo("range");
            assertThat(group.coordinator().id()).isEqualTo(1);
            assertThat(group.isSimpleConsumerGroup()).isFalse();
            assertThat(group.members()).hasSize(1);
            MemberDescription member = group.members().iterator().next();
            assertThat(member.clientId()).isEqualTo("watcher");
            assertThat(member.host()).isEqualTo("/127.0.0.1");
            assertThat(member.groupInstanceId()).contains("watcher-1");
            assertThat(member.consumerId()).isEqualTo(consumer.groupMetadata().memberId());
            assertThat(member.assignment().topicPartitions()).hasSize(2);

            assertThat(Clients.failure(
                            admin.deleteConsumerGroups(List.of("live")).all()))
                    .isInstanceOf(GroupNotEmptyException.class);
            assertThat(Clients.failure(admin.deleteConsumerGroupOffsets("live", Set.of(partition))
                            .all()))
                    .isInstanceOf(GroupSubscribedToTopicException.class);
            assertThat(Clients.failure(
                            admin.alterConsumerGroupOffsets("live", Map.of(partition, new OffsetAndMetadata(1)))
                                    .all()))
                    .isInstanceOf(UnknownMemberIdException.class);

            admin.removeMembersFromConsumerGroup(
                            "live", new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("watcher-1"))))
                    .all()
                    .get();
            assertThat(admin.describeConsumerGroups(List.of("live"))
                            .all()
                            .get()
                            .get("live")
                            .groupState())
                    .isEqualTo(GroupState.EMPTY);
        }
    }

    @Test
    void groupsAreListedByState() throws Exception {
        clients.createTopic("listed", 1);
        admin.alterConsumerGroupOffsets(
                        "listed-group", Map.of(new TopicPartition("listed", 0), new OffsetAndMetadata(1)))
                .all()
                .get();

        assertThat(admin.listGroups(new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY)))
                        .all()
                        .get())
                .extracting(GroupListing::groupId)
                .contains("listed-group");
        assertThat(admin.listGroups(new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE)))
                        .all()
                        .get())
                .extracting(GroupListing::groupId)
                .doesNotContain("listed-group");
    }

    @Test
    void anUnknownGroupIsToldSo() throws Exception {
        assertThat(Clients.failure(
                        admin.describeConsumerGroups(List.of("nobody")).all()))
                .isInstanceOf(GroupIdNotFoundException.class);
    }

    @Test
    void groupsAndOffsetsSurviveAStopAndAKill() throws Exception {
        clients.createTopic("durable", 1);
        TopicPartition partition = new TopicPartition("durable", 0);
        admin.alterConsumerGroupOffsets("durable-group", Map.of(partition, new OffsetAndMetadata(11)))
                .all()
                .get();

        assertThat(broker.terminate()).isIn(0, 143);
        broker.restart();
        assertThat(awaitOffsets("durable-group")).containsEntry(partition, new OffsetAndMetadata(11));

        admin.alterConsumerGroupOffsets("durable-group", Map.of(partition, new OffsetAndMetadata(12)))
                .all()
                .get();
        broker.kill();
        broker.restart();
        assertThat(awaitOffsets("durable-group")).containsEntry(partition, new OffsetAndMetadata(12));
    }

    private Map<TopicPartition, OffsetAndMetadata> offsets(String group) throws Exception {
        return admin.listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata()
                .get();
    }

    private Map<TopicPartition, OffsetAndMetadata> awaitOffsets(String group) {
        return Waiting.value("the coordinator answers", () -> offsets(group), found -> true);
    }
}
