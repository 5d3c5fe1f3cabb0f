/**
 * The shells around this module's machines: the replicas of data partitions, the runtime's threads, the metadata quorum's node,
 * fetchers, peer connections, files and timers.
 */
@NullMarked
package ottla.replication.io;

import org.jspecify.annotations.NullMarked;
