package ottla.broker.io;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/** Looks up the names of hosts, which may take seconds: each time on a thread of its own. */
final class HostLookup {
    private HostLookup() {}

    /** Which of the names nobody knows. */
    static CompletionStage<Set<String>> unknown(Set<String> names) {
        CompletableFuture<Set<String>> unknown = new CompletableFuture<>();
        Thread.ofVirtual()
                .name("host-lookup")
                .start(() -> unknown.complete(
                        names.stream().filter(name -> !isKnown(name)).collect(Collectors.toUnmodifiableSet())));
        return unknown;
    }

    private static boolean isKnown(String name) {
        try {
            InetAddress unused = InetAddress.getByName(name);
            return true;
        } catch (UnknownHostException nobodyKnows) {
            return false;
        }
    }
}
