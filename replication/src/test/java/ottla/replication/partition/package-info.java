/** Tests and in-memory twins. */
@NullMarked
package ottla.replication.partition;

import org.jspecify.annotations.NullMarked;
