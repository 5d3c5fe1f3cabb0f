package ottla.broker.api;

/** The numbers of which access rules are made, and what is said of those that cannot be. */
final class AclWords {
    static final String NO_AUTHORIZER = "No Authorizer is configured.";

    /** The same to who only asks, of a controller as well. */
    static final String NO_AUTHORIZER_HERE = "No Authorizer is configured on the broker";

    /** What a connection is closed for. */
    static final String MEANINGLESS = "the rules have an element that stands for none";

    /** In each of the numberings this is the word that means nothing. */
    private static final byte UNKNOWN = 0;

    private AclWords() {}

    /** Whether one of a rule's elements stands for nothing. As in Kafka, numbers that are not known yet do not. */
    static boolean areMeaningless(byte resourceType, byte patternType, byte operation, byte permissionType) {
        return resourceType == UNKNOWN || patternType == UNKNOWN || operation == UNKNOWN || permissionType == UNKNOWN;
    }
}
