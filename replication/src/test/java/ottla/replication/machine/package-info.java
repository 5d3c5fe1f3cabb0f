/** Tests and in-memory twins. */
@NullMarked
package ottla.replication.machine;

import org.jspecify.annotations.NullMarked;
