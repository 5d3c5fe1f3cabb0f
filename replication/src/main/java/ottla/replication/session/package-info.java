/**
 * Incremental fetch sessions (KIP-227, with topic ids by KIP-516): the broker remembers what a fetcher is interested in, and
 * answers only what changed. Pure; the shell holds the lock.
 */
@NullMarked
package ottla.replication.session;

import org.jspecify.annotations.NullMarked;
