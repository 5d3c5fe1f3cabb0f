/** Tests of the package of the same name. */
@NullMarked
package ottla.coordinator.group;

import org.jspecify.annotations.NullMarked;
