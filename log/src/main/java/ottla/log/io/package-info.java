/** The shell of the log: disks, segment files, recovery, the tail cache, and the store of all logs. */
@NullMarked
package ottla.log.io;

import org.jspecify.annotations.NullMarked;
