package ottla.log.producer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import ottla.log.format.MalformedFile;
import ottla.log.format.SegmentFiles;
import ottla.wire.message.storage.ProducerSnapshot;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;
import ottla.wire.record.Crc32c;

/**
 * The file that lets a log start without reading all of it: what {@link Producers} knew at the offset in the file's name.
 *
 * <pre>
 * 0         2       6
 * +---------+-------+---------+-------+ ...
 * | version | crc32c| count   | entry |
 * +---------+-------+---------+-------+ ...
 * </pre>
 *
 * The checksum covers everything after itself.
 */
public final class ProducerSnapshots {
    private static final short VERSION = 1;
    private static final int CRC = Short.BYTES;
    private static final int CONTENT = CRC + Integer.BYTES;

    /** A snapshot of this size names no producer. */
    public static final int EMPTY_SIZE_BYTES = CONTENT + Integer.BYTES;

    private ProducerSnapshots() {}

    public static ByteBuffer write(List<ProducerSnapshot.ProducerEntry> entries) {
        Writer out = new Writer(64 + 64 * entries.size());
        out.int16(VERSION);
        new ProducerSnapshot(0, entries).write(out, VERSION);
        ByteBuffer bytes = out.toBuffer();
        bytes.putInt(CRC, (int) checksum(bytes));
        return bytes;
    }

    /** Throws {@link MalformedFile} if the bytes are not what {@link #write} or Kafka wrote. */
    public static List<ProducerSnapshot.ProducerEntry> read(ByteBuffer bytes) {
        try {
            Reader in = new Reader(bytes);
            short version = in.int16();
            if (version != VERSION) {
                throw new MalformedFile(SegmentFiles.PRODUCER_SNAPSHOT, "unknown version " + version);
            }
            ProducerSnapshot snapshot = ProducerSnapshot.read(in, version);
            in.expectEnd();
            if (snapshot.crc() != checksum(bytes)) {
                throw new MalformedFile(SegmentFiles.PRODUCER_SNAPSHOT, "its checksum does not match its content");
            }
            return new ArrayList<>(snapshot.producerEntries());
        } catch (MalformedMessage malformed) {
            throw new MalformedFile(SegmentFiles.PRODUCER_SNAPSHOT, String.valueOf(malformed.getMessage()));
        }
    }

    private static long checksum(ByteBuffer bytes) {
        return Integer.toUnsignedLong(Crc32c.of(bytes, CONTENT, bytes.limit() - CONTENT));
    }
}
