/** What the active controller decides: for each concern, records and an answer computed from an image. */
@NullMarked
package ottla.controller.decide;

import org.jspecify.annotations.NullMarked;
