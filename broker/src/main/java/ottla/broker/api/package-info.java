/**
 * One class per Kafka API, named by it. {@link ottla.broker.api.ApiTable} is the list of what a listener serves, and exactly what
 * ApiVersions answers.
 */
@NullMarked
package ottla.broker.api;

import org.jspecify.annotations.NullMarked;
