/**
 * The same seeded requests to Kafka and to Ottla, answers compared field by field.
 *
 * <p>{@link Schema} knows every field of every version from the schemas that Kafka publishes; {@link RequestGenerator} makes
 * requests of them with the values of {@link Vocabulary}; a {@link Side} sends them to one broker and turns what belongs to
 * that broker alone (ids that it invented, its ports) into names that both sides share; {@link Ignored} lists what may differ,
 * each with its reason.
 */
package ottla.compat.differential;
