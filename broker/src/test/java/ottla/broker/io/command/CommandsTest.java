package ottla.broker.io.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.junit.jupiter.api.Test;

class CommandsTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final Terminal terminal = new Terminal(new PrintWriter(out, true), new PrintWriter(err, true));

    @Test
    void aCommandIsGivenItsOptionsAndWhatStandsBesides() throws Exception {
        assertThat(execute("sing", "--verse", "a=b=c", "loudly", "--verse=d=e")).isEqualTo(Command.DONE);

        assertThat(out.toString()).isEqualToIgnoringNewLines("sing [a=b=c, d=e] loudly");
    }

    @Test
    void theWordsOfACommandMayBeSeveral() throws Exception {
        assertThat(execute("sing", "again", "3")).isEqualTo(Command.DONE);

        assertThat(out.toString()).isEqualToIgnoringNewLines("sing again [] 3");
    }

    @Test
    void aSynonymCallsACommand() throws Exception {
        assertThat(execute("-s")).isEqualTo(Command.DONE);

        assertThat(out.toString()).isEqualToIgnoringNewLines("sing []");
    }

    @Test
    void helpIsGivenWhereItIsAskedFor() throws Exception {
        assertThat(execute("--help")).isEqualTo(Command.DONE);
        assertThat(out.toString()).contains("sing again", "What is sung").doesNotContain("secret");
        assertThat(execute("sing", "--help")).isEqualTo(Command.DONE);
        assertThat(out.toString()).contains("--verse <WORDS>", "[HOW]", "HOW: In which way.");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void whatCannotBeUnderstoodIsSaidWithHowItIsDone() throws Exception {
        assertMisused("there is no command dance", "dance");
        assertMisused("there is no command --dance", "--dance");
        assertMisused("a command is missing");
        assertMisused("--vers", "sing", "--vers", "x");
        assertMisused("verse", "sing", "--verse");
        assertMisused("softly", "sing", "loudly", "softly");
        assertMisused("TIMES is missing", "sing", "again");
        assertMisused("TIMES wants a number, not often", "sing", "again", "often");
    }

    private void assertMisused(String complaint, String... words) throws Exception {
        err.getBuffer().setLength(0);

        assertThat(execute(words)).isEqualTo(Commands.MISUSED);

        assertThat(err.toString()).startsWith("ottla: ").contains(complaint, "usage:");
        assertThat(out.toString()).isEmpty();
    }

    private int execute(String... words) throws IOException, InterruptedException {
        return new Commands(
                        "ottla",
                        "A singer.",
                        List.of(
                                new Song("sing again", new Command.Operand("TIMES", "How often.", true)),
                                new Song("sing", new Command.Operand("HOW", "In which way.", false)),
                                new Song("secret", new Command.Operand("HOW", "In which way.", false))),
                        terminal)
                .execute(words);
    }

    private record Song(String name, Operand what) implements Command {
        @Override
        public List<String> synonyms() {
            return name.equals("sing") ? List.of("-s") : List.of();
        }

        @Override
        public String description() {
            return "What is sung.";
        }

        @Override
        public Options options() {
            return new Options()
                    .addOption(Option.builder()
                            .longOpt("verse")
                            .hasArg()
                            .argName("WORDS")
                            .desc("A verse.")
                            .get());
        }

        @Override
        public Optional<Operand> operand() {
            return Optional.of(what);
        }

        @Override
        public boolean isListed() {
            return !name.equals("secret");
        }

        @Override
        public int run(Arguments arguments, Terminal terminal) {
            String rest = what.required()
                    ? " " + arguments.operandAsNumber().getAsInt()
                    : arguments.operand().map(how -> " " + how).orElse("");
            terminal.say(name + " " + arguments.values("verse") + rest);
            return DONE;
        }
    }
}
