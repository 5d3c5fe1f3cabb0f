package ottla.broker.io.cluster;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import ottla.broker.io.command.Arguments;
import ottla.broker.io.command.Terminal;

/** {@code ottla cluster status}. */
final class ClusterStatus extends ClusterCommand {
    ClusterStatus() {
        super("status", "Tell which nodes run, who leads the quorum, and which partitions lack replicas.");
    }

    @Override
    void carryOut(Path folder, Arguments arguments, Terminal terminal) {
        LocalCluster cluster = LocalCluster.existing(folder);
        List<LocalNode> running =
                cluster.nodes().stream().filter(LocalNode::isRunning).toList();
        Optional<ClusterHealth> health = ClusterHealth.of(running);
        OptionalInt leader = health.map(ClusterHealth::leader).orElse(OptionalInt.empty());
        terminal.say("node  state    pid       clients          controller");
        cluster.nodes().forEach(node -> terminal.say(line(node, leader)));
        terminal.say(
                health.isEmpty() ? (running.isEmpty() ? "No node runs." : "No node answers.") : sentence(health.get()));
    }

    private static String line(LocalNode node, OptionalInt leader) {
        Optional<ProcessHandle> process = node.process();
        boolean leads = leader.isPresent() && leader.getAsInt() == node.id();
        return String.format(
                        "%-4d  %-7s  %-8s  %-15s  %-15s%s",
                        node.id(),
                        process.isPresent() ? "running" : "stopped",
                        process.map(handle -> String.valueOf(handle.pid())).orElse("-"),
                        node.address(),
                        node.controllerAddress(),
                        leads ? "  leads the quorum" : "")
                .stripTrailing();
    }

    private static String sentence(ClusterHealth health) {
        String leader = health.leader().isEmpty() ? "Nobody leads the quorum. " : "";
        if (health.partitions() == 0) {
            return leader + "There are no partitions yet.";
        }
        if (health.underReplicated() == 0 && health.leaderless() == 0) {
            return leader + "Partitions: " + health.partitions() + ", all replicas are in sync.";
        }
        return leader + "Partitions: " + health.partitions() + ", " + health.underReplicated() + " under-replicated, "
                + health.leaderless() + " without a leader.";
    }
}
