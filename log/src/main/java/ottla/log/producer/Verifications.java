package ottla.log.producer;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The verifications that a partition is waiting for, one for a producer at most. Owned by {@link Producers}. */
final class Verifications {
    private final Map<Long, Open> byProducer = new HashMap<>(0);

    /** One of them. The lowest sequence of what waits tells which batch may be written first. */
    static final class Open {
        final VerificationGuard guard = new VerificationGuard();
        final long sinceMs;
        final EpochBump epochBump;
        int lowestSequence;
        short epoch;

        Open(long sinceMs, int sequence, short epoch, EpochBump epochBump) {
            this.sinceMs = sinceMs;
            this.epochBump = epochBump;
            lowestSequence = sequence;
            this.epoch = epoch;
        }
    }

    /** Joins the producer's verification, or begins one. */
    VerificationGuard begin(long producerId, int sequence, short epoch, EpochBump epochBump, long nowMs) {
        Open open = byProducer.computeIfAbsent(producerId, id -> new Open(nowMs, sequence, epoch, epochBump));
        if (epoch == open.epoch) {
            open.lowestSequence = Math.min(open.lowestSequence, sequence);
        } else if (epoch > open.epoch) {
            open.epoch = epoch;
            open.lowestSequence = sequence;
        }
        return open.guard;
    }

    Optional<Open> of(long producerId) {
        return byProducer.isEmpty() ? Optional.empty() : Optional.ofNullable(byProducer.get(producerId));
    }

    /** Whether a request with this guard was verified for the transaction that is waiting to begin. */
    boolean admits(long producerId, VerificationGuard guard) {
        return of(producerId).filter(open -> open.guard == guard).isPresent();
    }

    /** Whether what waits belongs to the epoch that a marker begins, and so not to the transaction that it ends. */
    boolean isOfNext(long producerId, short markerEpoch) {
        return of(producerId)
                .filter(open -> open.epochBump == EpochBump.SUPPORTED && open.epoch == markerEpoch)
                .isPresent();
    }

    /** A transactional batch or a marker ends the wait: the transaction has begun here, or is over. */
    void end(long producerId) {
        if (!byProducer.isEmpty()) {
            byProducer.remove(producerId);
        }
    }

    void expire(long nowMs, long expirationMs) {
        byProducer.values().removeIf(open -> nowMs - open.sinceMs >= expirationMs);
    }
}
