/** Words that every module shares: ids, error codes, and the check of an invariant. No I/O, no state. */
@NullMarked
package ottla.base;

import org.jspecify.annotations.NullMarked;
