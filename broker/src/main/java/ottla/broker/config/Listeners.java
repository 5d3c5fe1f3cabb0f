package ottla.broker.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The rules of {@code listeners}, {@code advertised.listeners} and the protocol map. */
final class Listeners {
    private static final Set<String> PROTOCOLS = Set.of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL");

    private static final Pattern LISTENER_SETTING = Pattern.compile("listener\\.name\\.[^.]*\\.(.+)");

    private final Values values;
    private final List<String> problems;
    private final Map<String, String> protocols = new HashMap<>();
    private final List<Listener> bound;

    Listeners(Values values, List<String> problems) {
        this.values = values;
        this.problems = problems;
        readProtocols();
        bound = parse("listeners");
        bound.forEach(listener -> checkProtocol(listener));
        checkPorts();
    }

    /** Whether a key belongs to one listener, as {@code listener.name.internal.ssl.keystore.location}. */
    static boolean isListenerSetting(String key) {
        return key.startsWith("listener.name.");
    }

    /** The key of all listeners that such a one overrides for its own. */
    static Optional<String> withoutListener(String key) {
        Matcher matcher = LISTENER_SETTING.matcher(key);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    List<Listener> bound() {
        return bound;
    }

    /** Where this node's controller listeners are reached: as advertised, or where they are bound. */
    List<Listener> advertisedControllers(List<String> controllerNames) {
        List<Listener> told = values.isSet("advertised.listeners") ? parse("advertised.listeners") : List.of();
        List<Listener> advertised = new ArrayList<>();
        for (String name : controllerNames) {
            told.stream()
                    .filter(listener -> listener.name().equals(name))
                    .findFirst()
                    .or(() -> bound.stream()
                            .filter(listener -> listener.name().equals(name))
                            .findFirst())
                    .ifPresent(advertised::add);
        }
        told.stream().filter(listener -> listener.host().equals("0.0.0.0")).forEach(this::refuseNowhere);
        return advertised;
    }

    private void refuseNowhere(Listener listener) {
        problems.add("advertised.listeners cannot use 0.0.0.0 (in " + listener
                + "): nobody can connect to it. Name an address that others can reach.");
    }

    List<Listener> advertised(List<String> controllerNames) {
        List<Listener> advertised = new ArrayList<>();
        boolean given = values.isSet("advertised.listeners");
        Set<String> names = bound.stream().map(Listener::name).collect(Collectors.toSet());
        for (Listener listener : given ? parse("advertised.listeners") : bound) {
            if (controllerNames.contains(listener.name())) {
                continue;
            }
            if (listener.host().equals("0.0.0.0")) {
                problems.add("advertised.listeners cannot use 0.0.0.0 (in " + listener
                        + "): nobody can connect to it. Name an address that clients can reach.");
            }
            if (!names.contains(listener.name())) {
                problems.add("advertised.listeners names " + listener + ", but listeners has no " + listener.name()
                        + "; it has " + values.text("listeners") + ".");
            }
            advertised.add(listener);
        }
        if (advertised.isEmpty()) {
            problems.add("advertised.listeners must contain at least one listener that is not a controller listener.");
        }
        return advertised;
    }

    /** The listener that brokers use among themselves: the one named, or the one that is called as its protocol. */
    String interBroker(List<Listener> advertised) {
        boolean named = values.isSet("inter.broker.listener.name");
        if (named && values.isSet("security.inter.broker.protocol")) {
            problems.add("Only one of inter.broker.listener.name and security.inter.broker.protocol may be set.");
        }
        String key = named ? "inter.broker.listener.name" : "security.inter.broker.protocol";
        String name = values.text(key).toUpperCase(Locale.ROOT);
        if (advertised.stream().noneMatch(listener -> listener.name().equals(name))) {
            String names = advertised.stream().map(Listener::name).collect(Collectors.joining(", "));
            problems.add(key + " is " + values.text(key) + ", but it must name one of the advertised listeners: "
                    + (names.isEmpty() ? "there is none" : names) + ". Set inter.broker.listener.name.");
        }
        return name;
    }

    private List<Listener> parse(String key) {
        List<Listener> parsed = new ArrayList<>();
        for (String text : values.list(key)) {
            Listener.parse(text)
                    .ifPresentOrElse(
                            parsed::add,
                            () -> problems.add("Invalid value " + text + " for configuration " + key
                                    + ": a listener is NAME://host:port, with a port from 0 to 65535."));
        }
        Set<String> names = new HashSet<>();
        for (Listener listener : parsed) {
            if (!names.add(listener.name())) {
                problems.add(key + " has two listeners of the name " + listener.name() + ".");
            }
        }
        return parsed;
    }

    private void readProtocols() {
        for (String pair : values.list("listener.security.protocol.map")) {
            int colon = pair.lastIndexOf(':');
            String protocol = pair.substring(colon + 1).trim().toUpperCase(Locale.ROOT);
            if (colon <= 0 || !PROTOCOLS.contains(protocol)) {
                problems.add("Invalid value " + pair
                        + " for configuration listener.security.protocol.map: each entry is NAME:protocol, with one of"
                        + " PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL.");
            } else {
                protocols.put(pair.substring(0, colon).trim().toUpperCase(Locale.ROOT), protocol);
            }
        }
        if (!values.isSet("listener.security.protocol.map")) {
            // as in Kafka, a controller listener without an entry is PLAINTEXT as long as no map was given
            values.list("controller.listener.names").forEach(name -> protocols.putIfAbsent(name, "PLAINTEXT"));
        }
    }

    private void checkProtocol(Listener listener) {
        String protocol = protocols.get(listener.name());
        if (protocol == null) {
            boolean controller = values.list("controller.listener.names").contains(listener.name());
            problems.add("listener.security.protocol.map has no entry for the listener " + listener.name()
                    + " of listeners" + (controller ? "." : ", and controller.listener.names does not name it."));
        } else if (!protocol.equals("PLAINTEXT")) {
            problems.add("The listener " + listener.name() + " wants the security protocol " + protocol
                    + ", which this version of Ottla does not serve; it serves PLAINTEXT.");
        }
    }

    /** Two listeners may share a port only as an IPv4 and an IPv6 address of one machine (KIP-797). */
    private void checkPorts() {
        Map<Integer, List<Listener>> byPort =
                bound.stream().filter(listener -> listener.port() != 0).collect(Collectors.groupingBy(Listener::port));
        byPort.forEach((port, sharing) -> {
            boolean bothFamilies = sharing.size() == 2
                    && sharing.stream().anyMatch(Listener::isIpv4)
                    && sharing.stream().anyMatch(Listener::isIpv6);
            if (sharing.size() > 1 && !bothFamilies) {
                problems.add("listeners has the port " + port + " twice, in " + sharing
                        + "; only an IPv4 and an IPv6 address may share one.");
            }
        });
    }
}
