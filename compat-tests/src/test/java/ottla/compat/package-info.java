/** Ottla as a process, driven by what its users already have: clients, stock tools, and Kafka itself beside it. */
package ottla.compat;
