package ottla.broker.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The type of a configuration value, with the number that DescribeConfigs gives it (KIP-569). */
public enum ConfigType {
    BOOLEAN(1, "true or false"),
    STRING(2, "text"),
    INT(3, "a 32-bit number"),
    SHORT(4, "a 16-bit number"),
    LONG(5, "a 64-bit number"),
    DOUBLE(6, "a number"),
    LIST(7, "a list separated by commas"),
    CLASS(8, "a class name"),
    PASSWORD(9, "text"),
    UNKNOWN(0, "text");

    private final byte id;
    private final String wanted;

    ConfigType(int id, String wanted) {
        this.id = (byte) id;
        this.wanted = wanted;
    }

    static ConfigType of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }

    public byte id() {
        return id;
    }

    /** Why the text is no value of this type, if it is none. */
    Optional<String> problem(String text) {
        try {
            switch (this) {
                case BOOLEAN -> {
                    if (!text.equalsIgnoreCase("true") && !text.equalsIgnoreCase("false")) {
                        return Optional.of("must be " + wanted);
                    }
                }
                case INT -> Integer.parseInt(text);
                case SHORT -> Short.parseShort(text);
                case LONG -> Long.parseLong(text);
                case DOUBLE -> Double.parseDouble(text);
                case LIST -> {
                    if (!text.isBlank() && Arrays.stream(text.split(",", -1)).anyMatch(String::isBlank)) {
                        return Optional.of("must not have an empty element");
                    }
                }
                case CLASS -> {
                    if (text.isBlank()) {
                        return Optional.of("must be " + wanted);
                    }
                }
                case STRING, PASSWORD, UNKNOWN -> {}
            }
            return Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.of("must be " + wanted);
        }
    }
}
