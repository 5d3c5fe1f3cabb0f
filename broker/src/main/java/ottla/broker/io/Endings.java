package ottla.broker.io;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was started, to be ended in the opposite order. Filled by the thread that starts a node, emptied by the one that ends it. */
final class Endings {
    private static final Logger LOG = LoggerFactory.getLogger(Endings.class);

    private final Deque<Step> steps = new ArrayDeque<>();

    private record Step(String name, Ending ending) {}

    @FunctionalInterface
    interface Ending {
        void run() throws Exception;
    }

    void add(String name, Ending ending) {
        steps.push(new Step(name, ending));
    }

    <T extends AutoCloseable> T started(String name, T part) {
        add(name, part::close);
        return part;
    }

    /** Ends everything, the last first; what fails does not keep the others from ending. */
    void run() {
        while (!steps.isEmpty()) {
            Step step = steps.pop();
            try {
                step.ending.run();
            } catch (Exception failure) {
                LOG.error("The {} did not end well", step.name, failure);
            }
        }
    }
}
