@NullMarked
package ottla.controller.io;

import org.jspecify.annotations.NullMarked;
