@NullMarked
package ottla.controller.image;

import org.jspecify.annotations.NullMarked;
