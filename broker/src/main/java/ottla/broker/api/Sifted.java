package ottla.broker.api;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a request asks for, item by item: some are refused here, the rest is for another to decide, and the answers stand in the order
 * of the request.
 */
final class Sifted<Q, A> {
    private final List<Q> asked;

    /** For each that was asked. */
    private final List<Optional<A>> refused;

    /** Asks once for each, since the answer of the other may change what a reason stands on. */
    Sifted(List<Q> asked, Function<Q, Optional<A>> refusal) {
        this.asked = List.copyOf(asked);
        refused = asked.stream().map(refusal).toList();
    }

    /** What is not refused. */
    List<Q> rest() {
        List<Q> rest = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            if (refused.get(i).isEmpty()) {
                rest.add(asked.get(i));
            }
        }
        return rest;
    }

    /** With what was decided of the rest, in its order; if that is less, the answers are fewer as well. */
    List<A> answers(List<A> decided) {
        Iterator<A> others = decided.iterator();
        List<A> all = new ArrayList<>(asked.size());
        for (Optional<A> refusal : refused) {
            if (refusal.isPresent()) {
                all.add(refusal.get());
            } else if (others.hasNext()) {
                all.add(others.next());
            }
        }
        return all;
    }
}
