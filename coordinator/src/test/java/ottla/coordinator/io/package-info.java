/** Tests of the package of the same name. */
@NullMarked
package ottla.coordinator.io;

import org.jspecify.annotations.NullMarked;
