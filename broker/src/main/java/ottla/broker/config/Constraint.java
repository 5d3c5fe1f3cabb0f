package ottla.broker.config;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Which values of its type a key allows. */
sealed interface Constraint {
    /** Any value. */
    record Any() implements Constraint {}

    /** A number from {@code least} upwards. */
    record AtLeast(BigDecimal least) implements Constraint {}

    /** A number from {@code least} to {@code greatest}, both included, or one of {@code also}. */
    record Between(BigDecimal least, BigDecimal greatest, List<BigDecimal> also) implements Constraint {}

    /** One of these words; in a list, every element. */
    record OneOf(List<String> words) implements Constraint {}

    /** A list of at least one of these words. */
    record SomeOf(List<String> words) implements Constraint {}

    /** One of these words in any case. */
    record OneOfAnyCase(List<String> words) implements Constraint {}

    /** Some text. */
    record NotEmpty() implements Constraint {}

    /** {@code *} or {@code partition:broker,...}. */
    record ThrottledReplicas() implements Constraint {
        private static final Pattern FORM = Pattern.compile("\\*|(\\d+:\\d+(,\\d+:\\d+)*)?");
    }

    /** {@code latest}, {@code earliest} or {@code by_duration:} and an ISO 8601 duration. */
    record OffsetReset() implements Constraint {
        private static final Pattern FORM = Pattern.compile("latest|earliest|by_duration:P[0-9DTHMS.]+");
    }

    /** Reads the notation of the key tables. */
    static Constraint parse(String text) {
        List<String> words = List.of(text.split(" "));
        List<String> rest = words.subList(1, words.size());
        return switch (words.getFirst()) {
            case "-" -> new Any();
            case ">=" -> new AtLeast(new BigDecimal(words.get(1)));
            case "in" -> new OneOf(rest);
            case "some" -> new SomeOf(rest);
            case "anycase" -> new OneOfAnyCase(rest);
            case "nonempty" -> new NotEmpty();
            case "replicas" -> new ThrottledReplicas();
            case "reset" -> new OffsetReset();
            default ->
                new Between(
                        new BigDecimal(words.get(0)),
                        new BigDecimal(words.get(2)),
                        words.size() > 4 ? List.of(new BigDecimal(words.get(4))) : List.of());
        };
    }

    /** Why a value of the right type is not allowed, if it is not. */
    default Optional<String> problem(String value, ConfigType type) {
        return switch (this) {
            case Any() -> Optional.empty();
            case AtLeast(BigDecimal least) ->
                unless(new BigDecimal(value).compareTo(least) >= 0, "must be at least " + least);
            case Between(BigDecimal least, BigDecimal greatest, List<BigDecimal> also) -> {
                BigDecimal number = new BigDecimal(value);
                boolean inside = number.compareTo(least) >= 0 && number.compareTo(greatest) <= 0;
                String text = "must be between " + least + " and " + greatest;
                yield unless(inside || also.contains(number), also.isEmpty() ? text : text + " or " + also.getFirst());
            }
            case OneOf(List<String> words) ->
                unless(words.containsAll(elements(value, type)), "must be one of " + String.join(", ", words));
            case SomeOf(List<String> words) ->
                unless(
                        !value.isBlank() && words.containsAll(elements(value, type)),
                        "must be one or more of " + String.join(", ", words));
            case OneOfAnyCase(List<String> words) ->
                unless(words.contains(value.toUpperCase(Locale.ROOT)), "must be one of " + String.join(", ", words));
            case NotEmpty() -> unless(!value.isBlank(), "must not be empty");
            case ThrottledReplicas() ->
                unless(
                        ThrottledReplicas.FORM.matcher(value).matches(),
                        "must be * or partition:broker,partition:broker,...");
            case OffsetReset() ->
                unless(
                        OffsetReset.FORM.matcher(value).matches(),
                        "must be latest, earliest or by_duration:PnDTnHnMn.nS");
        };
    }

    private static List<String> elements(String value, ConfigType type) {
        return type == ConfigType.LIST ? Values.split(value) : List.of(value);
    }

    private static Optional<String> unless(boolean holds, String problem) {
        return holds ? Optional.empty() : Optional.of(problem);
    }
}
