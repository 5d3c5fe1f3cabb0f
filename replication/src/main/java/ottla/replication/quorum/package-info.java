/**
 * The metadata quorum as one machine: KRaft's elections, replication, snapshots and voter changes (KIP-595, 630, 853, 996).
 * Pure: time arrives as a number, randomness as a seeded generator, the log as its end and its epochs.
 */
@NullMarked
package ottla.replication.quorum;

import org.jspecify.annotations.NullMarked;
