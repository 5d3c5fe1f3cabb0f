package ottla.broker.io.command;

import java.io.PrintStream;
import java.io.PrintWriter;

/** Where a command says what it has to say. */
public record Terminal(PrintWriter out, PrintWriter err) {
    public static Terminal ofProcess() {
        return new Terminal(writer(System.out), writer(System.err));
    }

    public void say(String line) {
        out.println(line);
    }

    /** What went wrong, or cannot be done. */
    public void complain(String sentence) {
        err.println("ottla: " + sentence);
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, stream.charset());
    }
}
