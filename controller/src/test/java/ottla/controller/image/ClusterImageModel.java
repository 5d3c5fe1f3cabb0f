package ottla.controller.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.image.writer.ImageWriterOptions;
import org.apache.kafka.image.writer.RecordListWriter;
import org.junit.jupiter.api.Test;
import ottla.wire.message.metadata.MetadataRecord;

/** Random records: the image and its snapshot are those that Kafka's own image classes make. */
class ClusterImageModel {
    private static final long SEED = Long.getLong("ottla.seed", 20261122);

    @Test
    void agreesWithKafka() {
        for (long seed = SEED; seed < SEED + 3; seed++) {
            Random random = new Random(seed);
            RandomRecords source = new RandomRecords(seed);
            ClusterImage ours = ClusterImage.EMPTY;
            MetadataImage kafkas = MetadataImage.EMPTY;
            long offset = 0;
            List<MetadataRecord> records = RandomRecords.bootstrap();
            for (int round = 0; round < 150; round++) {
                ImageDelta delta = new ImageDelta(ours);
                MetadataDelta kafkaDelta =
                        new MetadataDelta.Builder().setImage(kafkas).build();
                int batches = 1 + random.nextInt(4);
                for (int batch = 0; batch < batches; batch++) {
                    for (MetadataRecord record : records) {
                        delta.apply(record);
                        kafkaDelta.replay(KafkaRecords.toKafka(record, MetadataVersion.LATEST)
                                .message());
                        offset++;
                    }
                    records = source.next();
                }
                ours = delta.toImage();
                kafkas = kafkaDelta.apply(new MetadataProvenance(offset, 1, offset, true));
                if (round % 10 == 9) {
                    assertSame(ours, kafkas, "seed " + seed + " round " + round);
                }
            }
        }
    }

    @Test
    void aSnapshotGivesTheSameImage() {
        RandomRecords source = new RandomRecords(SEED);
        ImageDelta delta = new ImageDelta(ClusterImage.EMPTY);
        RandomRecords.bootstrap().forEach(delta::apply);
        for (int round = 0; round < 500; round++) {
            source.next().forEach(delta::apply);
        }
        ClusterImage image = delta.toImage();
        ImageDelta restored = new ImageDelta(ClusterImage.EMPTY);
        image.toRecords().forEach(restored::apply);
        assertThat(restored.toImage()).isEqualTo(image);
    }

    @Test
    void theWayBetweenTwoImagesNamesWhatDiffers() {
        RandomRecords source = new RandomRecords(SEED + 1);
        ImageDelta first = new ImageDelta(ClusterImage.EMPTY);
        RandomRecords.bootstrap().forEach(first::apply);
        for (int round = 0; round < 200; round++) {
            source.next().forEach(first::apply);
        }
        ClusterImage before = first.toImage();
        ImageDelta second = new ImageDelta(before);
        for (int round = 0; round < 60; round++) {
            source.next().forEach(second::apply);
        }
        ClusterImage after = second.toImage();
        ImageDelta between = ImageDelta.between(before, after);
        assertThat(between.toImage()).isEqualTo(after);
        assertThat(between.deletedTopics().keySet())
                .isEqualTo(second.deletedTopics().keySet());
        assertThat(second.changedTopics().keySet())
                .containsAll(between.changedTopics().keySet());
        assertThat(second.changedBrokers()).containsAll(between.changedBrokers());
        assertThat(second.changedConfigs()).containsAll(between.changedConfigs());
    }

    private static void assertSame(ClusterImage ours, MetadataImage kafkas, String where) {
        List<MetadataRecord> ourRecords = new ArrayList<>();
        for (MetadataRecord record : ours.toRecords()) {
            ourRecords.add(KafkaRecords.fromKafka(KafkaRecords.toKafka(record, MetadataVersion.LATEST)));
        }
        RecordListWriter writer = new RecordListWriter();
        kafkas.write(writer, new ImageWriterOptions.Builder(kafkas).build());
        List<MetadataRecord> kafkaRecords =
                writer.records().stream().map(KafkaRecords::fromKafka).toList();
        List<MetadataRecord> onlyOurs = new ArrayList<>(ourRecords);
        kafkaRecords.forEach(onlyOurs::remove);
        List<MetadataRecord> onlyKafkas = new ArrayList<>(kafkaRecords);
        ourRecords.forEach(onlyKafkas::remove);
        assertThat(onlyOurs)
                .as("only in ours, %s, Kafka has %s", where, onlyKafkas)
                .isEmpty();
        assertThat(onlyKafkas).as("only in Kafka's, %s", where).isEmpty();
        assertThat(families(ourRecords)).as(where).isEqualTo(families(kafkaRecords));
        for (int index = 0; index < ourRecords.size(); index++) {
            assertThat(ImageRecords.version(ourRecords.get(index), MetadataVersion.LATEST))
                    .isEqualTo(versionOf(ourRecords.get(index), writer));
        }
    }

    private static short versionOf(MetadataRecord record, RecordListWriter writer) {
        return writer.records().stream()
                .filter(kafkas -> kafkas.message().apiKey() == record.recordType())
                .findFirst()
                .orElseThrow()
                .version();
    }

    /** Topics and their partitions alternate; everything else comes family by family. */
    private static List<Short> families(List<MetadataRecord> records) {
        List<Short> families = new ArrayList<>();
        for (MetadataRecord record : records) {
            if (!families.contains(record.recordType())) {
                families.add(record.recordType());
            }
        }
        return families;
    }
}
