/** The cluster as the metadata log describes it: immutable images, and deltas that lead from one to the next. */
@NullMarked
package ottla.controller.image;

import org.jspecify.annotations.NullMarked;
