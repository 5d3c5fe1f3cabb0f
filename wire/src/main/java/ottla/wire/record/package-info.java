/**
 * Record batches of format 2: the same bytes on the wire and on disk. Layout, views that read and stamp in place, the writer,
 * control records, checksum. Pure: buffers come from the caller.
 */
@NullMarked
package ottla.wire.record;

import org.jspecify.annotations.NullMarked;
