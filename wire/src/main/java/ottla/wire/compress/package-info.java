/**
 * Kafka's compression codecs behind one sealed type. Pure: every call takes bytes and returns bytes, and whatever native memory
 * a call needs it gives back before it returns.
 */
@NullMarked
package ottla.wire.compress;

import org.jspecify.annotations.NullMarked;
