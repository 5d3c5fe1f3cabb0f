/** Tests of the package of the same name. */
@NullMarked
package ottla.coordinator.offset;

import org.jspecify.annotations.NullMarked;
