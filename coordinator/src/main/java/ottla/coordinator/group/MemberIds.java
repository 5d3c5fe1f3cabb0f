package ottla.coordinator.group;

/** The source of randomness for member ids. */
@FunctionalInterface
public interface MemberIds {
    /** A text that nobody can guess and that was never given before. */
    String fresh();
}
