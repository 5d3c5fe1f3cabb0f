/** What a partition knows about each producer: sequences, epochs, open transactions. Pure. */
@NullMarked
package ottla.log.producer;

import org.jspecify.annotations.NullMarked;
