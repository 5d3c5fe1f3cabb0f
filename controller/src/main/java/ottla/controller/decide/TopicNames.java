package ottla.controller.decide;

import java.util.Optional;

/** Which names a topic may have. */
public final class TopicNames {
    /** The name becomes that of a directory, together with a partition's number, and file systems end at 255. */
    public static final int LENGTH_MAX = 249;

    /** The log of the metadata itself, which is no topic that anybody could make. */
    public static final String METADATA = "__cluster_metadata";

    private TopicNames() {}

    /** Why a name is invalid, as a sentence. */
    public static Optional<String> reasonInvalid(String name) {
        if (name.isEmpty()) {
            return invalid("the empty string is not allowed");
        }
        if (name.equals(".") || name.equals("..")) {
            return invalid("'" + name + "' is not allowed");
        }
        if (name.length() > LENGTH_MAX) {
            return invalid("the length of '" + name + "' is longer than the max allowed length " + LENGTH_MAX);
        }
        if (!name.chars().allMatch(TopicNames::isAllowed)) {
            return invalid(
                    "'" + name + "' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'");
        }
        return Optional.empty();
    }

    private static boolean isAllowed(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '.'
                || c == '_'
                || c == '-';
    }

    private static Optional<String> invalid(String reason) {
        return Optional.of("Topic name is invalid: " + reason);
    }
}
