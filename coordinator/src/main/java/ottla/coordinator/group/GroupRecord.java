package ottla.coordinator.group;

import org.jspecify.annotations.Nullable;
import ottla.wire.message.group.GroupKey;
import ottla.wire.message.group.GroupValue;

/**
 * A record of {@code __consumer_offsets}: a key and what stands under it from now on, or nothing ({@code null}) as a tombstone. The
 * version is the one that the value is written in, which Kafka does not always choose as the newest.
 */
public record GroupRecord(GroupKey key, @Nullable GroupValue value, int valueVersion) {
    public static GroupRecord tombstone(GroupKey key) {
        return new GroupRecord(key, null, 0);
    }
}
