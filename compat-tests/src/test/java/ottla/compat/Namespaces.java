package ottla.compat;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A network namespace for each node, with an address of its own; a bridge joins them with each other and with this process. What is cut is
 * silent: packets vanish, and nobody is told. Needs root. {@link #close} removes all of it, after the nodes have ended. The addresses
 * are of the block that is set apart for tests of networks (RFC 2544).
 */
final class Namespaces implements AutoCloseable {
    private static final long PID = ProcessHandle.current().pid();
    private static final String NETWORK = "198.18." + PID % 256 + ".";
    private static final int FIRST_HOST = 10;

    /** Nobody has this one, so what is sent there arrives nowhere. */
    private static final String LOST = "02:00:00:00:00:fe";

    private static final String BRIDGE = "ottla" + PID;

    private final int nodes;
    private final Thread lastResort = new Thread(this::remove);

    private Namespaces(int nodes) {
        this.nodes = nodes;
    }

    static boolean isPossible() {
        Namespaces probe = new Namespaces(1);
        try {
            return probe.making().stream().allMatch(Commands::succeed);
        } finally {
            probe.remove();
        }
    }

    /** For nodes with the ids from 1 on. */
    static Namespaces make(int nodes) {
        Namespaces made = new Namespaces(nodes);
        Runtime.getRuntime().addShutdownHook(made.lastResort);
        made.making().forEach(Commands::run);
        return made;
    }

    private List<List<String>> making() {
        List<String> bridge = List.of(
                "ip link add " + BRIDGE + " type bridge",
                "ip addr add " + NETWORK + "1/24 dev " + BRIDGE,
                "ip link set " + BRIDGE + " up");
        return IntStream.rangeClosed(0, nodes)
                .mapToObj(node -> node == 0 ? bridge : making(node))
                .flatMap(List::stream)
                .map(Namespaces::words)
                .toList();
    }

    private List<String> making(int node) {
        String name = name(node);
        return List.of(
                "ip netns add " + name,
                "ip link add " + link(node) + " type veth peer name eth0 netns " + name,
                "ip link set " + link(node) + " master " + BRIDGE + " up",
                "ip -n " + name + " addr add " + host(node) + "/24 dev eth0",
                "ip -n " + name + " link set eth0 up",
                "ip -n " + name + " link set lo up");
    }

    private static List<String> words(String command) {
        return List.of(command.split(" "));
    }

    private static String name(int node) {
        return BRIDGE + "-" + node;
    }

    private static String link(int node) {
        return "ov" + PID + "-" + node;
    }

    String host(int node) {
        return NETWORK + (FIRST_HOST + node);
    }

    /** What is put before a command that is to run in the node's namespace. */
    List<String> shell(int node) {
        return List.of("nsenter", "--net=/var/run/netns/" + name(node));
    }

    /** Nothing goes from the node to anybody else or back. */
    void cutOff(int node) {
        Commands.run(words("ip link set " + link(node) + " down"));
    }

    void join(int node) {
        Commands.run(words("ip link set " + link(node) + " up"));
    }

    /** Nothing goes from the one to the other or back; all others reach both. */
    void cut(int one, int other) {
        cutWay(one, other);
        cutWay(other, one);
    }

    private void cutWay(int from, int target) {
        Commands.run(words("ip -n " + name(from) + " neigh replace " + host(target) + " lladdr " + LOST
                + " dev eth0 nud permanent"));
    }

    void mend(int one, int other) {
        mendWay(one, other);
        mendWay(other, one);
    }

    private void mendWay(int from, int target) {
        Commands.run(words("ip -n " + name(from) + " neigh del " + host(target) + " dev eth0"));
    }

    private void remove() {
        for (int node = 1; node <= nodes; node++) {
            // with the namespace goes its end of the link, and with that the other one
            Commands.succeed(words("ip netns del " + name(node)));
        }
        Commands.succeed(words("ip link del " + BRIDGE));
    }

    @Override
    public void close() {
        remove();
        Runtime.getRuntime().removeShutdownHook(lastResort);
    }
}
