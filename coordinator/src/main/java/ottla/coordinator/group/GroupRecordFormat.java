package ottla.coordinator.group;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.wire.message.group.GroupKey;
import ottla.wire.message.group.GroupValue;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/**
 * Keys and values of {@code __consumer_offsets} as bytes.
 *
 * <pre>
 *   key    int16 type     then the key, always in its version 0
 *   value  int16 version  then the value of the key's type in this version; no value at all is a tombstone
 * </pre>
 */
public final class GroupRecordFormat {
    private GroupRecordFormat() {}

    public static ByteBuffer keyBytes(GroupRecord record) {
        Writer out = new Writer(64);
        out.int16(record.key().recordType());
        record.key().write(out, 0);
        return out.toBuffer();
    }

    /** The bytes of the value, {@code null} for a tombstone. */
    public static @Nullable ByteBuffer valueBytes(GroupRecord record) {
        GroupValue value = record.value();
        if (value == null) {
            return null;
        }
        Check.invariant(value.recordType() == record.key().recordType(), "a key and its value are of one type");
        Writer out = new Writer(128);
        out.int16((short) record.valueVersion());
        value.write(out, record.valueVersion());
        return out.toBuffer();
    }

    /**
     * The record that these bytes stand for. Empty if its type is none that is known here: a newer node wrote it, and Kafka steps
     * over it too, so that going back to an older version stays possible.
     *
     * @throws MalformedMessage if the type is known and the bytes are not of it
     */
    public static Optional<GroupRecord> read(ByteBuffer key, @Nullable ByteBuffer value) {
        Reader keyIn = new Reader(key);
        int type = keyIn.int16();
        if (!isKnown(type)) {
            return Optional.empty();
        }
        GroupKey parsedKey = GroupKey.read(type, keyIn, 0);
        if (value == null) {
            return Optional.of(GroupRecord.tombstone(parsedKey));
        }
        Reader valueIn = new Reader(value);
        int version = valueIn.int16();
        return Optional.of(new GroupRecord(parsedKey, GroupValue.read(type, valueIn, version), version));
    }

    /** Numbers 9 and 18 were given back before they were ever released. */
    private static boolean isKnown(int type) {
        return type >= 0 && type <= 23 && type != 9 && type != 18;
    }
}
