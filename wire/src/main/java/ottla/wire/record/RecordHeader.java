package ottla.wire.record;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One header of a record. Keys may repeat; the value's position must not be moved. */
public record RecordHeader(String key, @Nullable ByteBuffer value) {}
