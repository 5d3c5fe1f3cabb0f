/**
 * Kafka's configuration keys, typed: their table as data, the values of one node parsed once, and helpful sentences for what
 * is refused. Pure; reading files is the shell's part.
 */
@NullMarked
package ottla.broker.config;

import org.jspecify.annotations.NullMarked;
