/** Where each leader epoch of a partition began. Pure. */
@NullMarked
package ottla.log.epoch;

import org.jspecify.annotations.NullMarked;
