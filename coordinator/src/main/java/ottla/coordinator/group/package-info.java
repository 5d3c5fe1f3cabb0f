/**
 * Groups as machines without I/O: the classic protocol here, each further protocol in files of its own. Owned by the thread of the
 * shard that they live in; time, timers, random ids and the log are handed in.
 */
@NullMarked
package ottla.coordinator.group;

import org.jspecify.annotations.NullMarked;
