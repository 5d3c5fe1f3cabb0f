/**
 * Committed offsets: what is stored, who may commit, fetch and delete, and when an offset expires. Decide and apply only, without
 * I/O; owned by the thread of the shard.
 */
@NullMarked
package ottla.coordinator.offset;

import org.jspecify.annotations.NullMarked;
