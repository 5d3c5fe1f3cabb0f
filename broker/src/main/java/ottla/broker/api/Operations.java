package ottla.broker.api;

/** The operations that a client may do on a resource, as the bit set of Metadata and the describe APIs (KIP-430). */
final class Operations {
    /** Not asked for. */
    static final int NOT_ASKED = Integer.MIN_VALUE;

    private static final int READ = 3;
    private static final int WRITE = 4;
    private static final int CREATE = 5;
    private static final int DELETE = 6;
    private static final int ALTER = 7;
    private static final int DESCRIBE = 8;
    private static final int CLUSTER_ACTION = 9;
    private static final int DESCRIBE_CONFIGS = 10;
    private static final int ALTER_CONFIGS = 11;
    private static final int IDEMPOTENT_WRITE = 12;

    /** All that can be done to a topic: without an authorizer everything is allowed. */
    static final int TOPIC = bits(READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS);

    /** All that can be done to the cluster. */
    static final int CLUSTER =
            bits(CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE);

    /** All that can be done to a group. */
    static final int GROUP = bits(READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS);

    private Operations() {}

    private static int bits(int... operations) {
        int set = 0;
        for (int operation : operations) {
            set |= 1 << operation;
        }
        return set;
    }
}
