@NullMarked
package ottla.controller.decide;

import org.jspecify.annotations.NullMarked;
