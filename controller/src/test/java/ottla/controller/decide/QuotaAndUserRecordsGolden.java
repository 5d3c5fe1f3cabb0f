package ottla.controller.decide;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.controller.KafkaController;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.metadata.VersionRange;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.junit.jupiter.api.Test;
import ottla.base.GoldenStory;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.Feature;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.ImageRecords;
import ottla.controller.image.KafkaRecords;
import ottla.controller.image.MetadataVersion;
import ottla.replication.quorum.MetadataBatches;
import ottla.replication.quorum.VersionedRecord;
import ottla.wire.message.AlterClientQuotasRequest;
import ottla.wire.message.AlterUserScramCredentialsRequest;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.primitive.Reader;

/**
 * What stands in the log of client quotas and SCRAM credentials, byte by byte. With {@code -Dottla.rewrite=true} Kafka's controller decides
 * and Kafka's serializer writes; in every other run this controller and this serializer must do the same.
 */
class QuotaAndUserRecordsGolden {
    private static final Path FILE = Path.of(
            System.getProperty("basedir", ""), "src", "test", "resources", "golden", "quota-and-user-records.txt");

    private static final boolean BY_KAFKA = Boolean.getBoolean("ottla.rewrite");

    private final KafkaController kafka = new KafkaController("cluster", supported());
    private ClusterImage image = ClusterImage.EMPTY;

    @Test
    void areWrittenAsKafkaWritesThem() throws IOException {
        replay(Activation.bootstrap(MetadataVersion.LATEST));
        GoldenStory.tell(FILE, this::run);
    }

    private static Map<String, VersionRange> supported() {
        Map<String, VersionRange> supported = new HashMap<>();
        Feature.byName()
                .forEach(feature ->
                        supported.put(feature.featureName(), VersionRange.of(feature.minLevel(), feature.maxLevel())));
        return supported;
    }

    private List<String> run(String line) {
        List<String> words = List.of(line.split(" "));
        return switch (words.getFirst()) {
            case "quota" -> quota(words.get(1), words.subList(2, words.size()));
            case "user" -> user(words.subList(1, words.size()));
            default -> throw new AssertionError(line);
        };
    }

    /** {@code type=name,type=*} for a default, then {@code key=value} or {@code -key}. */
    private List<String> quota(String entity, List<String> changes) {
        AlterClientQuotasRequestData.EntryData entry = new AlterClientQuotasRequestData.EntryData();
        for (String part : entity.split(",")) {
            String[] named = part.split("=");
            entry.entity()
                    .add(new AlterClientQuotasRequestData.EntityData()
                            .setEntityType(named[0])
                            .setEntityName(named[1].equals("*") ? null : named[1]));
        }
        for (String change : changes) {
            String[] set = change.split("=");
            boolean removed = change.startsWith("-");
            entry.ops()
                    .add(new AlterClientQuotasRequestData.OpData()
                            .setKey(removed ? change.substring(1) : set[0])
                            .setValue(removed ? 0 : Double.parseDouble(set[1]))
                            .setRemove(removed));
        }
        AlterClientQuotasRequestData request = new AlterClientQuotasRequestData().setEntries(List.of(entry));
        AlterClientQuotasRequest ours = AlterClientQuotasRequest.read(
                new Reader(MessageUtil.toByteBufferAccessor(request, (short) 1).buffer()), 1);
        return BY_KAFKA
                ? written(kafka.alter(request).records())
                : writtenHere(
                        new ClientQuotaChanges(image, Set.of()).alter(ours).records());
    }

    /** A name, the number of a mechanism, then iterations, salt and salted password; without these it is removed. */
    private List<String> user(List<String> words) {
        AlterUserScramCredentialsRequestData request = new AlterUserScramCredentialsRequestData();
        byte mechanism = Byte.parseByte(words.get(1));
        if (words.size() == 2) {
            request.deletions()
                    .add(new AlterUserScramCredentialsRequestData.ScramCredentialDeletion()
                            .setName(words.getFirst())
                            .setMechanism(mechanism));
        } else {
            request.upsertions()
                    .add(new AlterUserScramCredentialsRequestData.ScramCredentialUpsertion()
                            .setName(words.getFirst())
                            .setMechanism(mechanism)
                            .setIterations(Integer.parseInt(words.get(2)))
                            .setSalt(words.get(3).getBytes(StandardCharsets.UTF_8))
                            .setSaltedPassword(words.get(4).getBytes(StandardCharsets.UTF_8)));
        }
        AlterUserScramCredentialsRequest ours = AlterUserScramCredentialsRequest.read(
                new Reader(MessageUtil.toByteBufferAccessor(request, (short) 0).buffer()), 0);
        return BY_KAFKA
                ? written(kafka.alter(request).records())
                : writtenHere(new ScramCredentialChanges(image).alter(ours).records());
    }

    private List<String> written(List<ApiMessageAndVersion> records) {
        List<String> lines = new ArrayList<>();
        for (ApiMessageAndVersion record : records) {
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ByteBuffer bytes = ByteBuffer.allocate(MetadataRecordSerde.INSTANCE.recordSize(record, cache));
            MetadataRecordSerde.INSTANCE.write(record, cache, new ByteBufferAccessor(bytes));
            lines.add(hex(bytes.flip()));
        }
        replay(records.stream().map(KafkaRecords::fromKafka).toList());
        return lines;
    }

    private List<String> writtenHere(List<MetadataRecord> records) {
        if (records.isEmpty()) {
            return List.of();
        }
        ByteBuffer batch = MetadataBatches.write(
                        0, 1, 0, records.stream().map(this::versioned).toList())
                .orElseThrow();
        List<String> lines = new ArrayList<>();
        MemoryRecords.readableRecords(batch).records().forEach(record -> lines.add(hex(record.value())));
        replay(records);
        return lines;
    }

    private VersionedRecord versioned(MetadataRecord record) {
        return new VersionedRecord(record, ImageRecords.version(record, image.metadataVersion()));
    }

    private void replay(List<MetadataRecord> records) {
        ImageDelta delta = new ImageDelta(image);
        for (MetadataRecord record : records) {
            delta.apply(record);
            kafka.replay(KafkaRecords.toKafka(record, MetadataVersion.LATEST).message(), 0);
        }
        image = delta.toImage();
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return "  " + HexFormat.of().formatHex(copy);
    }
}
