package ottla.broker.config;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A named address, as {@code NAME://host:port}. An empty host means every interface; a name is in upper case, however it was written.
 *
 * @param port 0 lets the system choose
 */
public record Listener(String name, String host, int port) {
    private static final Pattern FORM = Pattern.compile("([A-Za-z0-9_.-]+)://\\[?([^\\]/]*?)\\]?:(\\d+)");

    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    static Optional<Listener> parse(String text) {
        Matcher matcher = FORM.matcher(text.trim());
        if (!matcher.matches() || matcher.group(3).length() > 5 || Integer.parseInt(matcher.group(3)) > 65535) {
            return Optional.empty();
        }
        String name = matcher.group(1).toUpperCase(Locale.ROOT);
        return Optional.of(new Listener(name, matcher.group(2), Integer.parseInt(matcher.group(3))));
    }

    public Listener withHost(String newHost) {
        return new Listener(name, newHost, port);
    }

    public Listener withPort(int newPort) {
        return new Listener(name, host, newPort);
    }

    /** Whether the host is an address of four numbers. */
    boolean isIpv4() {
        return IPV4.matcher(host).matches();
    }

    /** Whether the host is an address with colons. */
    boolean isIpv6() {
        return host.contains(":");
    }

    @Override
    public String toString() {
        return name + "://" + (isIpv6() ? "[" + host + "]" : host) + ":" + port;
    }
}
