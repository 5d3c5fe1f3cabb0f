@NullMarked
package ottla.controller.quota;

import org.jspecify.annotations.NullMarked;
