/** Tests and in-memory twins. */
@NullMarked
package ottla.replication.io;

import org.jspecify.annotations.NullMarked;
