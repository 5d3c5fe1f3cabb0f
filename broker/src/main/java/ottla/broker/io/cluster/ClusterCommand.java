package ottla.broker.io.cluster;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import ottla.broker.io.command.Arguments;
import ottla.broker.io.command.Command;
import ottla.broker.io.command.Terminal;

/** {@code ottla cluster}: several nodes on this machine, in the background, to see what happens when one of them fails. */
public abstract class ClusterCommand implements Command {
    private static final Option DIR = Option.builder()
            .longOpt("dir")
            .hasArg()
            .argName("FOLDER")
            .desc("Where the cluster is, a folder for each node. Default: cluster")
            .get();

    private final String word;
    private final String description;

    /** @param word behind {@code cluster} */
    ClusterCommand(String word, String description) {
        this.word = word;
        this.description = description;
    }

    public static List<Command> all() {
        return List.of(new ClusterStart(), new ClusterStatus(), new ClusterKill(), new ClusterStop());
    }

    @Override
    public final String name() {
        return "cluster " + word;
    }

    @Override
    public final String description() {
        return description;
    }

    @Override
    public Options options() {
        return new Options().addOption(DIR);
    }

    @Override
    public final int run(Arguments arguments, Terminal terminal) {
        try {
            carryOut(Path.of(arguments.value(DIR.getLongOpt()).orElse("cluster")), arguments, terminal);
            return DONE;
        } catch (Mistake mistake) {
            terminal.complain(mistake.sentence());
            return FAILED;
        }
    }

    abstract void carryOut(Path folder, Arguments arguments, Terminal terminal);

    static Optional<Operand> onlyOneNode(String description) {
        return Optional.of(new Operand("NODE", description, false));
    }
}
