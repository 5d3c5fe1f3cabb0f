package ottla.broker.config;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A member of a static quorum, as {@code id@host:port}. */
public record Voter(int nodeId, String host, int port) {
    private static final Pattern FORM = Pattern.compile("(\\d+)@\\[?([^\\]]+?)\\]?:(\\d{1,5})");

    static Optional<Voter> parse(String text) {
        Matcher matcher = FORM.matcher(text.trim());
        if (!matcher.matches() || Integer.parseInt(matcher.group(3)) > 65535) {
            return Optional.empty();
        }
        return Optional.of(
                new Voter(Integer.parseInt(matcher.group(1)), matcher.group(2), Integer.parseInt(matcher.group(3))));
    }
}
