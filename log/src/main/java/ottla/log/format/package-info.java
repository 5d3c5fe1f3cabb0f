/** The layouts of a log directory's files, byte for byte Kafka's. Pure: text and buffers in, values out. */
@NullMarked
package ottla.log.format;

import org.jspecify.annotations.NullMarked;
