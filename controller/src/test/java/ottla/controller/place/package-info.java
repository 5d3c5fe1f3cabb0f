@NullMarked
package ottla.controller.place;

import org.jspecify.annotations.NullMarked;
