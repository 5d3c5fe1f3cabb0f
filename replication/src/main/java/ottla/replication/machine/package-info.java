/**
 * The runtime of durable state: decide, append, apply, answer. The group coordinator, the transaction coordinator and the
 * controller are machines of this package over different logs. Pure: time, the log and the answers are handed in.
 */
@NullMarked
package ottla.replication.machine;

import org.jspecify.annotations.NullMarked;
