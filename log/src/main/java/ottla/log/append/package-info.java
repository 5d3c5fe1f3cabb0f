/** Decides about records before they are written: whether they are sound, and what is stamped into them. Pure. */
@NullMarked
package ottla.log.append;

import org.jspecify.annotations.NullMarked;
