package ottla.wire.record;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One record of a batch. Key and value share the batch's bytes (or those of its decompressed copy) and are valid as long as they
 * are; their positions must not be moved.
 *
 * @param timestampMs -1 if the producer gave none
 * @param sequence -1 if the batch has no producer
 */
public record RecordView(
        long offset,
        long timestampMs,
        int sequence,
        @Nullable ByteBuffer key,
        @Nullable ByteBuffer value,
        List<RecordHeader> headers) {}
