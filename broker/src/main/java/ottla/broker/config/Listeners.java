package ottla.broker.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The rules of {@code listeners}, {@code advertised.listeners} and the protocol map. */
final class Listeners {
    private final Values values;
    private final List<String> problems;
    private final List<Listener> bound;

    Listeners(Values values, List<String> problems) {
        this.values = values;
        this.problems = problems;
        bound = parse("listeners");
        checkProtocols();
        checkPorts();
    }

    /** Whether a key belongs to one listener, as {@code listener.name.internal.ssl.keystore.location}. */
    static boolean isListenerSetting(String key) {
        return key.startsWith("listener.name.");
    }

    List<Listener> bound() {
        return bound;
    }

    List<Listener> advertised(List<String> controllerNames) {
        List<Listener> advertised = new ArrayList<>();
        boolean given = values.isSet("advertised.listeners");
        for (Listener listener : given ? parse("advertised.listeners") : bound) {
            if (listener.host().equals("0.0.0.0")) {
                problems.add("advertised.listeners cannot use 0.0.0.0 (in " + listener
                        + "): nobody can connect to it. Name an address that clients can reach.");
            }
            if (!controllerNames.contains(listener.name())) {
                advertised.add(listener);
            }
        }
        if (advertised.isEmpty()) {
            problems.add("advertised.listeners must contain at least one listener that is not a controller listener.");
        }
        return advertised;
    }

    String interBroker(List<Listener> advertised) {
        return values.find("inter.broker.listener.name")
                .orElseGet(
                        () -> advertised.isEmpty() ? "" : advertised.getFirst().name());
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

    private void checkProtocols() {
        Map<String, String> protocols = new HashMap<>();
        for (String pair : values.list("listener.security.protocol.map")) {
            int colon = pair.lastIndexOf(':');
            if (colon > 0) {
                protocols.put(
                        pair.substring(0, colon).trim(),
                        pair.substring(colon + 1).trim().toUpperCase(Locale.ROOT));
            }
        }
        boolean mapGiven = values.isSet("listener.security.protocol.map");
        List<String> controllers = values.list("controller.listener.names");
        for (Listener listener : bound) {
            String name = listener.name();
            // as in Kafka, a controller listener without an entry is PLAINTEXT as long as no map was given
            String protocol = !mapGiven && controllers.contains(name)
                    ? protocols.getOrDefault(name, "PLAINTEXT")
                    : protocols.get(name);
            if (protocol == null) {
                problems.add("listener.security.protocol.map has no entry for the listener " + name + ".");
            } else if (!protocol.equals("PLAINTEXT")) {
                problems.add("The listener " + name + " wants the security protocol " + protocol
                        + ", which this version of Ottla does not serve; it serves PLAINTEXT.");
            }
        }
    }

    private void checkPorts() {
        Set<String> addresses = new HashSet<>();
        for (Listener listener : bound) {
            if (listener.port() != 0 && !addresses.add(listener.host() + ":" + listener.port())) {
                problems.add("listeners names the address " + listener.host() + ":" + listener.port() + " twice.");
            }
        }
    }
}
