package ottla.replication.partition;

/** What {@code leader.replication.throttled.replicas} and {@code follower.replication.throttled.replicas} of a topic say. */
public final class ThrottledReplicas {
    private static final String ALL = "*";

    private ThrottledReplicas() {}

    /** Whether a replica is among them: the list is {@code *}, or has {@code partition:broker}, or is empty. */
    public static boolean contain(String list, int partition, int brokerId) {
        if (list.isEmpty()) {
            return false;
        }
        if (list.strip().equals(ALL)) {
            return true;
        }
        for (String entry : list.split(",")) {
            String[] pair = entry.strip().split(":");
            boolean named = pair.length == 2 && isNumber(pair[0], partition) && isNumber(pair[1], brokerId);
            if (named) {
                return true;
            }
        }
        return false;
    }

    private static boolean isNumber(String text, int number) {
        try {
            return Integer.parseInt(text) == number;
        } catch (NumberFormatException tooLarge) {
            return false;
        }
    }
}
