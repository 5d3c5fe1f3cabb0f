/** Words that every part of the log shares: a topic's settings above all. Pure. */
@NullMarked
package ottla.log;

import org.jspecify.annotations.NullMarked;
