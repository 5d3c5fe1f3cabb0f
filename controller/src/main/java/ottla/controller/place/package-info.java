/** Where the replicas of new partitions go: pure functions over the brokers and a given random. */
@NullMarked
package ottla.controller.place;

import org.jspecify.annotations.NullMarked;
