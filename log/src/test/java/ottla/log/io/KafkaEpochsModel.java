package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile;
import org.apache.kafka.storage.internals.epoch.LeaderEpochFileCache;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.log.epoch.LeaderEpochs;
import ottla.log.epoch.LeaderEpochs.EpochEnd;
import ottla.log.format.Checkpoint.EpochStart;

/** Leader epochs against Kafka's own cache of them, under random assignments, cuts and questions. */
class KafkaEpochsModel {
    @TempDir
    private Path root;

    @Test
    void epochs_are_what_kafka_makes_of_them() throws IOException {
        LeaderEpochFileCache kafka = new LeaderEpochFileCache(
                new TopicPartition("topic", 0),
                new LeaderEpochCheckpointFile(
                        LeaderEpochCheckpointFile.newFile(root.toFile()), new LogDirFailureChannel(1)),
                new KafkaLogs.Immediately());
        LeaderEpochs ours = new LeaderEpochs();
        SplittableRandom random = new SplittableRandom(1);
        int epoch = 0;
        long end = 0;
        for (int step = 0; step < 300; step++) {
            switch (random.nextInt(10)) {
                case 0 -> {
                    long cut = random.nextLong(end + 1);
                    kafka.truncateFromEndAsyncFlush(cut);
                    ours.truncateTo(cut);
                    end = cut;
                }
                case 1 -> {
                    long start = random.nextLong(end + 1);
                    kafka.truncateFromStartAsyncFlush(start);
                    ours.truncateBefore(start);
                }
                case 2 -> {
                    // A follower may learn of an older history than it has.
                    int older = Math.max(0, epoch - random.nextInt(3));
                    long start = random.nextLong(end + 1);
                    kafka.assign(older, start);
                    ours.assign(older, start);
                }
                default -> {
                    epoch += random.nextInt(3);
                    kafka.assign(epoch, end);
                    ours.assign(epoch, end);
                    end += random.nextInt(20);
                }
            }
            assertThat(ours.entries())
                    .isEqualTo(kafka.epochEntries().stream()
                            .map(entry -> new EpochStart(entry.epoch(), entry.startOffset()))
                            .toList());
            int asked = random.nextInt(epoch + 3) - 1;
            var expected = kafka.endOffsetFor(asked, end);
            EpochEnd actual = ours.endOf(asked, end).orElse(new EpochEnd(-1, -1));
            assertThat(actual).isEqualTo(new EpochEnd(expected.getKey(), expected.getValue()));
            long offset = random.nextLong(end + 1);
            assertThat(ours.epochAt(offset)).isEqualTo(kafka.epochForOffset(offset));
        }
    }
}
