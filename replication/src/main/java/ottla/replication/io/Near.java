package ottla.replication.io;

/** Which brokers a consumer that fetches is near to, and may be told to read from instead of the leader (KIP-392). */
@FunctionalInterface
public interface Near {
    /** Of those who read where they ask. */
    Near NOBODY = new Near() {
        @Override
        public boolean isNear(int brokerId) {
            return false;
        }

        @Override
        public boolean hasAny() {
            return false;
        }
    };

    boolean isNear(int brokerId);

    /** Whether there is any use in asking: for most fetches there is none. */
    default boolean hasAny() {
        return true;
    }
}
