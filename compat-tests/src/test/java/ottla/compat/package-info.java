/** Ottla as a process, driven by what its users already have: clients, stock tools, and Kafka itself beside it. */
@NullMarked
package ottla.compat;

import org.jspecify.annotations.NullMarked;
