/**
 * The primitive types of the Kafka protocol over byte buffers: integers, varints, strings, compact strings, arrays, tagged
 * fields. Pure: buffers come from the caller.
 */
@NullMarked
package ottla.wire.primitive;

import org.jspecify.annotations.NullMarked;
