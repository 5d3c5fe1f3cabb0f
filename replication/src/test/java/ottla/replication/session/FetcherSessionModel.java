package ottla.replication.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ottla.base.Uuid;
import ottla.replication.session.FetchContext.Fetcher;
import ottla.wire.message.FetchRequest;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse.PartitionData;

/** Both sides of a session: whatever the fetcher wants, and whatever becomes of its requests, the leader reads exactly that. */
class FetcherSessionModel {
    private static final int TOPIC_ID_VERSION = 13;

    private final FetcherSession fetcher = new FetcherSession();
    private final Map<String, FetchPartition> wanted = new TreeMap<>();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void theLeaderReadsWhatTheFetcherWants(long seed) {
        Random random = new Random(seed);
        FetchSessions leader = new FetchSessions(2, 1_000, 1, 1_000_000, random);
        for (int nowMs = 0; nowMs < 2_000; nowMs++) {
            for (int change = random.nextInt(4); change > 0; change--) {
                change(random);
            }
            if (fetcher.isEmpty()) {
                continue;
            }
            FetchRequest request = fetcher.next(FetchRequest.DEFAULT);
            if (random.nextInt(20) == 0) {
                // lost before it arrived
                fetcher.lost();
                continue;
            }
            FetchContext context = leader.open(request, TOPIC_ID_VERSION, Fetcher.FOLLOWER, nowMs);
            if (!(context instanceof FetchContext.Refused)) {
                assertThat(asked(context)).isEqualTo(wanted);
            }
            var answer = leader.close(context, answers(context), nowMs);
            if (random.nextInt(20) == 0) {
                fetcher.lost();
            } else {
                fetcher.answered(answer);
            }
            if (random.nextInt(50) == 0) {
                // others push it out
                for (int other = 0; other < 2; other++) {
                    FetchContext pushing = leader.open(
                            new FetcherSession().next(FetchRequest.DEFAULT.withSessionEpoch(0)),
                            TOPIC_ID_VERSION,
                            Fetcher.FOLLOWER,
                            nowMs + 5_000);
                    leader.close(pushing, answers(pushing), nowMs + 5_000);
                }
            }
        }
    }

    private void change(Random random) {
        FetchedPartition partition = new FetchedPartition(new Uuid(1, random.nextInt(3)), random.nextInt(4));
        String name = partition.topicId() + "-" + partition.partition();
        if (random.nextInt(4) == 0) {
            fetcher.forget(partition);
            wanted.remove(name);
        } else {
            FetchPartition asked =
                    FetchPartition.DEFAULT.withPartition(partition.partition()).withFetchOffset(random.nextInt(5));
            fetcher.want(partition, asked);
            wanted.put(name, asked);
        }
    }

    private static Map<String, FetchPartition> asked(FetchContext context) {
        Map<String, FetchPartition> asked = new TreeMap<>();
        for (SessionPartition partition : context.partitions()) {
            asked.put(partition.topicId() + "-" + partition.partition(), partition.asked());
        }
        return asked;
    }

    private static List<PartitionData> answers(FetchContext context) {
        List<PartitionData> answers = new ArrayList<>();
        for (SessionPartition partition : context.partitions()) {
            answers.add(PartitionData.DEFAULT.withPartitionIndex(partition.partition()));
        }
        return answers;
    }
}
