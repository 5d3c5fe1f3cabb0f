/**
 * A data partition as this broker's share in it: leader or follower, who is in sync, what is committed. Pure; the shell holds the
 * lock and the log.
 */
@NullMarked
package ottla.replication.partition;

import org.jspecify.annotations.NullMarked;
