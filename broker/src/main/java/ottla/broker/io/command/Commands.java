package ottla.broker.io.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.help.HelpFormatter;
import org.apache.commons.cli.help.TextHelpAppendable;

/** Finds the command that is called, has it run, and tells how commands are called. */
public final class Commands {
    /** Exit status of a call that could not be understood. */
    static final int MISUSED = 2;

    private static final Option HELP = Option.builder("h")
            .longOpt("help")
            .desc("Show this help message and exit.")
            .get();
    private static final int WIDTH_CHARS = 100;

    private final String program;
    private final String description;
    private final List<Command> commands;
    private final Terminal terminal;

    /**
     * @param description of the program, in a sentence
     * @param commands one whose name begins with another one's stands before it
     */
    public Commands(String program, String description, List<Command> commands, Terminal terminal) {
        this.program = program;
        this.description = description;
        this.commands = commands;
        this.terminal = terminal;
    }

    /** Returns the exit status. */
    public int execute(String... args) throws IOException, InterruptedException {
        List<String> words = List.of(args);
        for (Command command : commands) {
            Optional<List<String>> call =
                    calls(command).filter(one -> startsWith(words, one)).findFirst();
            if (call.isPresent()) {
                return execute(command, words.subList(call.get().size(), words.size()));
            }
        }
        return overview(words);
    }

    private int execute(Command command, List<String> rest) throws IOException, InterruptedException {
        if (asksForHelp(rest)) {
            describe(command, terminal.out());
            return Command.DONE;
        }
        try {
            return command.run(arguments(command, rest), terminal);
        } catch (Misuse misuse) {
            terminal.complain(String.valueOf(misuse.getMessage()));
            describe(command, terminal.err());
            return MISUSED;
        }
    }

    private static Arguments arguments(Command command, List<String> rest) {
        CommandLine line;
        try {
            line = DefaultParser.builder()
                    .setAllowPartialMatching(false)
                    .get()
                    .parse(command.options(), rest.toArray(String[]::new));
        } catch (ParseException e) {
            throw new Misuse(String.valueOf(e.getMessage()));
        }
        int operands = line.getArgList().size();
        if (operands > (command.operand().isPresent() ? 1 : 0)) {
            throw new Misuse(line.getArgList().getLast() + " is more than " + command.name() + " can be told");
        }
        if (operands == 0) {
            command.operand().filter(Command.Operand::required).ifPresent(missing -> {
                throw new Misuse(missing.label() + " is missing");
            });
        }
        return new Arguments(line, command.operand());
    }

    /** Of all commands, or of those that begin with what was said. */
    private int overview(List<String> words) {
        boolean asked = asksForHelp(words);
        List<String> said =
                words.stream().takeWhile(word -> !word.startsWith("-")).toList();
        List<Command> meant = commands.stream()
                .filter(Command::isListed)
                .filter(command -> startsWith(words(command.name()), said))
                .toList();
        if (meant.isEmpty()) {
            terminal.complain("there is no command " + String.join(" ", said));
        } else if (!asked) {
            terminal.complain(
                    words.size() > said.size()
                            ? "there is no command " + words.get(said.size())
                            : "a command is missing");
        }
        PrintWriter to = asked ? terminal.out() : terminal.err();
        to.println("usage: " + program + " COMMAND [--help]");
        to.println();
        to.println(description);
        to.println();
        (meant.isEmpty() ? commands.stream().filter(Command::isListed).toList() : meant)
                .forEach(command -> to.printf("  %-16s%s%n", command.name(), command.description()));
        return asked ? Command.DONE : MISUSED;
    }

    private void describe(Command command, PrintWriter to) throws IOException {
        TextHelpAppendable text = new TextHelpAppendable(to);
        text.setMaxWidth(WIDTH_CHARS);
        Options options = new Options();
        command.options().getOptions().forEach(options::addOption);
        options.addOption(HELP);
        String usage = program + " " + command.name() + " [options]"
                + command.operand().map(operand -> " " + operand.usage()).orElse("");
        String operand = command.operand()
                .map(one -> one.label() + ": " + one.description())
                .orElse("");
        HelpFormatter.builder()
                .setHelpAppendable(text)
                .setShowSince(false)
                .get()
                .printHelp(usage, command.description(), options, operand, false);
        to.flush();
    }

    private static boolean asksForHelp(List<String> words) {
        return words.contains("-h") || words.contains("--help");
    }

    private static Stream<List<String>> calls(Command command) {
        return Stream.concat(Stream.of(command.name()), command.synonyms().stream())
                .map(Commands::words);
    }

    private static List<String> words(String call) {
        return List.of(call.split(" "));
    }

    private static boolean startsWith(List<String> words, List<String> beginning) {
        return words.size() >= beginning.size()
                && words.subList(0, beginning.size()).equals(beginning);
    }
}
