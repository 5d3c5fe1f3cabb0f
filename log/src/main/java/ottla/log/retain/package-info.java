/** Plans of what a log may delete. A plan is a value; the log's shell carries it out. Pure. */
@NullMarked
package ottla.log.retain;

import org.jspecify.annotations.NullMarked;
