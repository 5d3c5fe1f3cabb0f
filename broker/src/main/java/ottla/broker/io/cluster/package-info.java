/** A cluster on one machine, to try what happens when nodes fail: {@code ottla cluster}. */
@NullMarked
package ottla.broker.io.cluster;

import org.jspecify.annotations.NullMarked;
