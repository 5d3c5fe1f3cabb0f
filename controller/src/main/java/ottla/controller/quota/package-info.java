/** How much clients may change (KIP-599): limits are found in the image, what is left of them is kept here. No I/O, no clock. */
@NullMarked
package ottla.controller.quota;

import org.jspecify.annotations.NullMarked;
