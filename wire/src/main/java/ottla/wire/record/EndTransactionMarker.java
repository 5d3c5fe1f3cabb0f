package ottla.wire.record;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import ottla.base.Check;
import ottla.wire.primitive.MalformedMessage;

/** The control record that ends a transaction in a partition. Its value is {@code version int16 | coordinator epoch int32}. */
public record EndTransactionMarker(ControlType type, int coordinatorEpoch) {
    private static final short VERSION = 0;
    private static final int VALUE_BYTES = Short.BYTES + Integer.BYTES;

    public EndTransactionMarker {
        Check.invariant(type.endsTransaction(), "a marker commits or aborts");
    }

    public ByteBuffer value() {
        return ByteBuffer.allocate(VALUE_BYTES)
                .putShort(VERSION)
                .putInt(coordinatorEpoch)
                .flip();
    }

    /** Reads the value of a control record whose key names one of the two types. Later versions may be longer. */
    public static EndTransactionMarker read(ControlType type, @Nullable ByteBuffer value) {
        if (value == null || value.remaining() < VALUE_BYTES || value.getShort(value.position()) < VERSION) {
            throw new MalformedMessage("not the value of a transaction's end marker");
        }
        return new EndTransactionMarker(type, value.getInt(value.position() + Short.BYTES));
    }

    /** The whole batch that ends the transaction of a producer in a partition. */
    public ByteBuffer batch(long offset, long timestampMs, int leaderEpoch, long producerId, short producerEpoch) {
        return BatchWriter.at(offset)
                .leaderEpoch(leaderEpoch)
                .producer(producerId, producerEpoch, BatchLayout.NO_SEQUENCE)
                .transactional()
                .appendControl(timestampMs, type, value())
                .build();
    }
}
