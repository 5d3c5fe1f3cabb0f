/** The process: command line, wiring by constructor in one place, ports, start and shutdown in order. */
@NullMarked
package ottla.broker.io;

import org.jspecify.annotations.NullMarked;
