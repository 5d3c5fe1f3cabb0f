package ottla.replication.session;

/** The numbering of the requests of one fetch session. The fetcher's next request has the next epoch. */
public final class SessionEpoch {
    /** The session id of those who have none. */
    public static final int NO_SESSION = 0;

    /** A full fetch that asks for a session. */
    public static final int INITIAL = 0;

    /** A full fetch that wants no session, and closes the one that it names. */
    public static final int FINAL = -1;

    private SessionEpoch() {}

    /** After the largest comes 1: 0 would ask for a new session. */
    public static int next(int epoch) {
        if (epoch < 0) {
            return FINAL;
        }
        return epoch == Integer.MAX_VALUE ? 1 : epoch + 1;
    }

    static boolean isFull(int epoch) {
        return epoch == INITIAL || epoch == FINAL;
    }
}
