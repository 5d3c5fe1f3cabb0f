package ottla.controller.image;

import java.nio.ByteBuffer;
import org.apache.kafka.common.metadata.MetadataRecordType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import ottla.wire.message.metadata.MetadataRecord;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/** Carries metadata records between this project's types and Kafka's, by their bytes. */
public final class KafkaRecords {
    private KafkaRecords() {}

    public static ApiMessageAndVersion toKafka(MetadataRecord record, short version) {
        Writer writer = new Writer(256);
        record.write(writer, version);
        ApiMessage message = MetadataRecordType.fromId(record.recordType()).newMetadataRecord();
        message.read(new ByteBufferAccessor(writer.toBuffer()), version);
        return new ApiMessageAndVersion(message, version);
    }

    public static ApiMessageAndVersion toKafka(MetadataRecord record, MetadataVersion version) {
        return toKafka(record, ImageRecords.version(record, version));
    }

    public static MetadataRecord fromKafka(ApiMessageAndVersion record) {
        ByteBuffer bytes = MessageUtil.toByteBufferAccessor(record.message(), record.version())
                .buffer();
        return MetadataRecord.read(record.message().apiKey(), new Reader(bytes), record.version());
    }
}
