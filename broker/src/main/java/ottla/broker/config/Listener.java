package ottla.broker.config;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A named address, as {@code NAME://host:port}. An empty host means every interface.
 *
 * @param port 0 lets the system choose
 */
public record Listener(String name, String host, int port) {
    private static final Pattern FORM = Pattern.compile("([A-Za-z0-9_.-]+)://\\[?([^\\]/]*?)\\]?:(\\d+)");

    static Optional<Listener> parse(String text) {
        Matcher matcher = FORM.matcher(text.trim());
        if (!matcher.matches() || matcher.group(3).length() > 5 || Integer.parseInt(matcher.group(3)) > 65535) {
            return Optional.empty();
        }
        return Optional.of(new Listener(matcher.group(1), matcher.group(2), Integer.parseInt(matcher.group(3))));
    }

    public Listener withHost(String newHost) {
        return new Listener(name, newHost, port);
    }

    public Listener withPort(int newPort) {
        return new Listener(name, host, newPort);
    }

    @Override
    public String toString() {
        return name + "://" + host + ":" + port;
    }
}
