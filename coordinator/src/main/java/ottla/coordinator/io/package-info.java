/** Binds the coordinators' machines to the partitions of their internal topics, to a thread and to the rest of the broker. */
@NullMarked
package ottla.coordinator.io;

import org.jspecify.annotations.NullMarked;
