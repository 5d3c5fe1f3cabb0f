package ottla.log.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.metadata.properties.MetaPropertiesVersion;
import org.apache.kafka.metadata.properties.PropertiesUtils;
import org.apache.kafka.storage.internals.checkpoint.CleanShutdownFileHandler;
import org.apache.kafka.storage.internals.checkpoint.OffsetCheckpointFile;
import org.apache.kafka.storage.internals.checkpoint.PartitionMetadataFile;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ottla.base.TopicPartition;
import ottla.base.Uuid;
import ottla.log.format.Checkpoint;
import ottla.log.format.MalformedFile;
import ottla.log.format.MetaProperties;
import ottla.log.format.PartitionMetadata;

/** The small files of a data directory, each written and read by Kafka and by us. */
class KafkaFormatsTest {
    private static final Uuid ID = new Uuid(0x1234_5678_9abc_def0L, -5);

    @TempDir
    private Path root;

    @Test
    void offset_checkpoints() throws IOException {
        Path file = root.resolve(Checkpoint.HIGH_WATERMARK);
        Map<TopicPartition, Long> offsets =
                Map.of(new TopicPartition("a-b", 3), 17L, new TopicPartition("other", 0), 0L);
        Files.writeString(file, Checkpoint.offsets(offsets));
        OffsetCheckpointFile kafka = new OffsetCheckpointFile(file.toFile(), new LogDirFailureChannel(1));
        assertThat(kafka.read())
                .isEqualTo(Map.of(
                        new org.apache.kafka.common.TopicPartition("a-b", 3), 17L,
                        new org.apache.kafka.common.TopicPartition("other", 0), 0L));
        kafka.write(kafka.read());
        assertThat(Checkpoint.readOffsets("file", Files.readString(file))).isEqualTo(offsets);
        assertThat(Checkpoint.readOffsets("file", "")).isEmpty();
        assertThatThrownBy(() -> Checkpoint.readOffsets("file", "0\n2\na 0 1\n"))
                .isInstanceOf(MalformedFile.class);
        assertThatThrownBy(() -> Checkpoint.readOffsets("file", "7\n0\n")).isInstanceOf(MalformedFile.class);
        assertThatThrownBy(() -> Checkpoint.readOffsets("file", "0\n1\na 0 x\n"))
                .isInstanceOf(MalformedFile.class);
    }

    @Test
    void partition_metadata() throws IOException {
        PartitionMetadataFile kafka =
                new PartitionMetadataFile(PartitionMetadataFile.newFile(root.toFile()), new LogDirFailureChannel(1));
        kafka.record(new org.apache.kafka.common.Uuid(ID.mostSignificantBits(), ID.leastSignificantBits()));
        kafka.maybeFlush();
        String text = Files.readString(root.resolve("partition.metadata"));
        assertThat(PartitionMetadata.read(text)).isEqualTo(new PartitionMetadata(ID));
        assertThat(new PartitionMetadata(ID).text()).isEqualTo(text);
        assertThatThrownBy(() -> PartitionMetadata.read("version: 9\ntopic_id: x"))
                .isInstanceOf(MalformedFile.class);
    }

    @Test
    void meta_properties() throws IOException {
        org.apache.kafka.metadata.properties.MetaProperties kafka =
                new org.apache.kafka.metadata.properties.MetaProperties.Builder()
                        .setVersion(MetaPropertiesVersion.V1)
                        .setClusterId("4L6g3nShT-eMCtK--X86sw")
                        .setNodeId(7)
                        .setDirectoryId(
                                new org.apache.kafka.common.Uuid(ID.mostSignificantBits(), ID.leastSignificantBits()))
                        .build();
        Path file = root.resolve(MetaProperties.FILE);
        PropertiesUtils.writePropertiesFile(kafka.toProperties(), file.toString(), false);
        MetaProperties ours =
                new MetaProperties(Optional.of("4L6g3nShT-eMCtK--X86sw"), OptionalInt.of(7), Optional.of(ID));
        assertThat(MetaProperties.read(Files.readString(file))).isEqualTo(ours);

        Files.writeString(file, ours.text());
        assertThat(new org.apache.kafka.metadata.properties.MetaProperties.Builder(Utils.loadProps(file.toString()))
                        .build())
                .isEqualTo(kafka);
        assertThatThrownBy(() -> MetaProperties.read("version=1\n")).isInstanceOf(MalformedFile.class);
        assertThatThrownBy(() -> MetaProperties.read("version=8\nnode.id=1\ncluster.id=x\n"))
                .isInstanceOf(MalformedFile.class);
    }

    @Test
    void the_marker_of_a_clean_stop() throws Exception {
        CleanShutdownFileHandler kafka = new CleanShutdownFileHandler(root.toString());
        kafka.write(12);
        LogDirectory directory = LogDirectory.open(new FileDisk(root));
        assertThat(directory.stop()).isEqualTo(Stop.CLEAN);
        assertThat(directory.cleanStopBrokerEpoch()).isEqualTo(OptionalLong.of(12));
        directory.forgetCleanStop();
        assertThat(kafka.exists()).isFalse();
        directory.markCleanStop(34);
        assertThat(kafka.read()).isEqualTo(OptionalLong.of(34));
        directory.close();
    }
}
