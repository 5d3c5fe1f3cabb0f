/**
 * Ottla and Kafka measured in turn, as processes on one machine. Nothing here runs with the tests: each class is named on the command
 * line and prints a table. Ratios of medians count, and only where nothing else runs.
 */
package ottla.compat.bench;
