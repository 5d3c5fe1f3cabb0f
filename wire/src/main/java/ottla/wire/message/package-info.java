/**
 * Every message of the Kafka protocol as an immutable record, generated from {@code src/main/schema}, with {@link ApiKey}, the
 * table of APIs. Nested structs are nested records; {@code DEFAULT} holds each schema's defaults, and {@code with...} changes one
 * field.
 */
@NullMarked
package ottla.wire.message;

import org.jspecify.annotations.NullMarked;
