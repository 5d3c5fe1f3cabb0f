/** Tests and in-memory twins. */
@NullMarked
package ottla.replication.session;

import org.jspecify.annotations.NullMarked;
