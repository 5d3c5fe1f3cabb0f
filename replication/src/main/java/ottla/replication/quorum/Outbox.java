package ottla.replication.quorum;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ottla.replication.quorum.Effect.Outgoing;
import ottla.replication.quorum.Effect.Peer;

/**
 * What was sent and not answered: one request to a peer at a time, given up after {@code controller.quorum.request.timeout.ms},
 * and after a failure a pause before the next. Owned by the thread of its {@link Quorum}.
 */
final class Outbox {
    private final Timeouts timeouts;
    private final Map<Long, Flight> flights = new LinkedHashMap<>();
    private final Map<Peer, Long> pausedUntilMs = new HashMap<>();
    private long nextSend = 1;

    Outbox(Timeouts timeouts) {
        this.timeouts = timeouts;
    }

    /** A request under way. */
    record Flight(long send, Peer peer, Outgoing message, long deadlineMs) {}

    boolean ready(Peer peer, long nowMs) {
        return !busy(peer) && pausedUntilMs.getOrDefault(peer, Long.MIN_VALUE) <= nowMs;
    }

    private boolean busy(Peer peer) {
        return flights.values().stream().anyMatch(flight -> flight.peer().equals(peer));
    }

    boolean paused(Peer peer, long nowMs) {
        return pausedUntilMs.getOrDefault(peer, Long.MIN_VALUE) > nowMs;
    }

    /** Whether any request of this kind is under way. */
    boolean anyFlight(Class<? extends Outgoing> kind) {
        return flights.values().stream().anyMatch(flight -> kind.isInstance(flight.message()));
    }

    Effect.Send send(Peer peer, Outgoing message, long nowMs) {
        Effect.Send effect = new Effect.Send(nextSend++, peer, message);
        flights.put(effect.send(), new Flight(effect.send(), peer, message, nowMs + timeouts.requestTimeoutMs()));
        return effect;
    }

    /** An answer came; empty if nobody waits for it any more. */
    Optional<Flight> landed(long send) {
        Optional<Flight> flight = Optional.ofNullable(flights.remove(send));
        flight.ifPresent(known -> pausedUntilMs.remove(known.peer()));
        return flight;
    }

    /** No good answer came: the peer is left in peace for a while. Empty if nobody waits for it any more. */
    Optional<Flight> failed(long send, long nowMs) {
        Optional<Flight> flight = Optional.ofNullable(flights.remove(send));
        flight.ifPresent(known -> pause(known.peer(), nowMs));
        return flight;
    }

    void pause(Peer peer, long nowMs) {
        pausedUntilMs.put(peer, nowMs + timeouts.retryBackoffMs());
    }

    void expire(long nowMs) {
        if (nextDeadlineMs() > nowMs) {
            return;
        }
        List<Flight> late = new ArrayList<>(flights.values());
        late.removeIf(flight -> flight.deadlineMs() > nowMs);
        for (Flight flight : late) {
            flights.remove(flight.send());
            pause(flight.peer(), nowMs);
        }
        pausedUntilMs.values().removeIf(untilMs -> untilMs <= nowMs);
    }

    /** A change of epoch or role makes what is under way meaningless. */
    void forgetFlights() {
        flights.clear();
    }

    long nextDeadlineMs() {
        long deadlineMs = Long.MAX_VALUE;
        for (Flight flight : flights.values()) {
            deadlineMs = Math.min(deadlineMs, flight.deadlineMs());
        }
        for (long untilMs : pausedUntilMs.values()) {
            deadlineMs = Math.min(deadlineMs, untilMs);
        }
        return deadlineMs;
    }
}
