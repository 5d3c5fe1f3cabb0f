/** The controller's shell: it owns the thread, the quorum's end of the log, the clock and the listeners. */
@NullMarked
package ottla.controller.io;

import org.jspecify.annotations.NullMarked;
