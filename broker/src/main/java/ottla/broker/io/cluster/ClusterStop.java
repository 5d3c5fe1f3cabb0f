package ottla.broker.io.cluster;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import ottla.broker.io.command.Arguments;
import ottla.broker.io.command.Terminal;

/** {@code ottla cluster stop}. */
final class ClusterStop extends ClusterCommand {
    ClusterStop() {
        super("stop", "Stop the cluster in good order, or one of its nodes; what they stored stays.");
    }

    @Override
    public Optional<Operand> operand() {
        return onlyOneNode("Only this node.");
    }

    @Override
    void carryOut(Path folder, Arguments arguments, Terminal terminal) {
        OptionalInt id = arguments.operandAsNumber();
        LocalCluster cluster = LocalCluster.existing(folder);
        List<LocalNode> stopped =
                LocalCluster.stop(id.isEmpty() ? cluster.nodes() : List.of(cluster.node(id.getAsInt())));
        if (stopped.isEmpty()) {
            throw new Mistake(
                    id.isEmpty()
                            ? "No node of " + cluster.folder() + " runs."
                            : "Node " + id.getAsInt() + " does not run.");
        }
        stopped.forEach(node -> terminal.say("Node " + node.id() + " is stopped"));
    }
}
