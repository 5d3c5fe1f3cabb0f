@NullMarked
package ottla.replication.quorum;

import org.jspecify.annotations.NullMarked;
