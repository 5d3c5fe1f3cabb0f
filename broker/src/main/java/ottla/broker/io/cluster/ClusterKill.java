package ottla.broker.io.cluster;

import java.nio.file.Path;
import java.util.Optional;
import ottla.broker.io.command.Arguments;
import ottla.broker.io.command.Terminal;

/** {@code ottla cluster kill}. */
final class ClusterKill extends ClusterCommand {
    ClusterKill() {
        super("kill", "End a node as a failure would, without warning (SIGKILL); ottla cluster start brings it back.");
    }

    @Override
    public Optional<Operand> operand() {
        return Optional.of(new Operand("NODE", "Its id.", true));
    }

    @Override
    void carryOut(Path folder, Arguments arguments, Terminal terminal) {
        int id = arguments.operandAsNumber().orElseThrow();
        LocalCluster.kill(LocalCluster.existing(folder).node(id));
        terminal.say("Node " + id + " is killed");
    }
}
