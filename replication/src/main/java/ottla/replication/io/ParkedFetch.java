package ottla.replication.io;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import ottla.wire.io.Loop;
import ottla.wire.message.FetchRequest.FetchPartition;

/**
 * A Fetch that waits for {@code min.bytes}: registered with all its replicas and with one timer. Appends tell how much there is to
 * read by now; when it is enough, when an answer would be an error, or when the time is up, the fetch is resumed on its loop,
 * once.
 *
 * <p>Made and ended by the request's loop; {@link Wait}s are changed under their replicas' locks.
 */
final class ParkedFetch {
    private final FetchTerms terms;
    private final Loop loop;
    private final Runnable resume;
    private final List<Wait> waits = new ArrayList<>();
    private final AtomicLong readableBytes = new AtomicLong();
    private final AtomicBoolean woken = new AtomicBoolean();
    private Loop.@Nullable Timer timer;

    ParkedFetch(FetchTerms terms, Loop loop, Runnable resume) {
        this.terms = terms;
        this.loop = loop;
        this.resume = resume;
    }

    /** {@code boundOffset} is up to where the fetch could read when it found too little. */
    Wait add(Replica replica, FetchPartition asked, long boundOffset, int leaderEpoch, int readBytes) {
        Wait wait = new Wait(this, replica, asked, boundOffset, leaderEpoch, readBytes);
        waits.add(wait);
        readableBytes.getAndAdd(readBytes);
        return wait;
    }

    void start(long waitMs) {
        timer = loop.schedule(this::wake, waitMs);
        for (Wait wait : waits) {
            wait.replica.await(wait);
        }
    }

    /** Resumes the fetch, if nothing else has. Any thread may call. */
    void wake() {
        if (!woken.get() && woken.compareAndSet(false, true)) {
            loop.execute(this::end);
        }
    }

    private void end() {
        Loop.Timer pending = timer;
        if (pending != null) {
            pending.cancel();
        }
        for (Wait wait : waits) {
            wait.replica.forget(wait);
        }
        resume.run();
    }

    /** One replica's share: what was readable there when it was last looked at. */
    static final class Wait {
        private final ParkedFetch parked;
        private final Replica replica;
        private final FetchPartition asked;
        final int leaderEpoch;

        /** Up to where could be read, when it was last looked at. */
        long boundOffset;

        private int readableBytes;

        /** Whatever there is to read is not for this fetch, which is to end when that has changed. */
        private boolean heldBack;

        /** Its place among the replica's waits, -1 if it is not there. */
        int index = -1;

        Wait(
                ParkedFetch parked,
                Replica replica,
                FetchPartition asked,
                long boundOffset,
                int leaderEpoch,
                int readableBytes) {
            this.parked = parked;
            this.replica = replica;
            this.asked = asked;
            this.boundOffset = boundOffset;
            this.leaderEpoch = leaderEpoch;
            this.readableBytes = readableBytes;
        }

        FetchTerms terms() {
            return parked.terms;
        }

        FetchPartition asked() {
            return asked;
        }

        /** Before the fetch begins to wait. */
        void holdBack() {
            heldBack = true;
        }

        void wake() {
            parked.wake();
        }

        /** There is more to read now. A partition counts with no more than the fetch would take from it. */
        void readable(long newBoundOffset, int sizeBytes) {
            boundOffset = newBoundOffset;
            int counted = Math.min(sizeBytes, Math.max(1, asked.partitionMaxBytes()));
            if (heldBack || counted <= readableBytes) {
                return;
            }
            long total = parked.readableBytes.addAndGet((long) counted - readableBytes);
            readableBytes = counted;
            if (total >= parked.terms.minBytes()) {
                parked.wake();
            }
        }
    }
}
