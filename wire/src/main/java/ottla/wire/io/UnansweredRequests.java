package ottla.wire.io;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Response;
import ottla.wire.primitive.Writer;

/**
 * The requests of one connection between their arrival and the departure of their answers: whose turn it is, what they hold of the
 * limits, and how they are let go where no answer will be sent.
 *
 * <p>Requests are handled one at a time, as in Kafka: each may see what the one before it did. Only produce requests overlap: they
 * append in order when they come, and what they wait for does not change what the next one does.
 *
 * <p>Owned by the connection's loop.
 */
final class UnansweredRequests {
    private static final Logger LOG = LoggerFactory.getLogger(UnansweredRequests.class);

    /** Frames up to this size, a read buffer's, are not counted one by one in the memory of all connections. */
    private static final int SMALL_BYTES = 64 * 1024;

    private final NetworkLimits limits;
    private final ServerLoop home;
    private final AnswerQueue answers = new AnswerQueue();
    private int count;
    private int alone;
    private long bytes;
    private int announcedBytes;
    private @Nullable PendingRequest held;

    UnansweredRequests(NetworkLimits limits, ServerLoop home) {
        this.limits = limits;
        this.home = home;
    }

    /** Whether no request is taken until answers have left. */
    boolean isFull() {
        return alone > 0 || count >= limits.inFlightRequests() || bytes >= limits.inFlightBytes();
    }

    /** Half of the limits, so that a busy connection is not paused and resumed at every request. */
    boolean isHalfEmpty() {
        return alone == 0
                && count <= limits.inFlightRequests() / 2
                && bytes - announcedBytes <= limits.inFlightBytes() / 2;
    }

    /** Whether no answer is owed. */
    boolean isEmpty() {
        return count == 0;
    }

    /** Whether no answer is owed that could still be sent. */
    boolean areAllSent() {
        return answers.isEmpty();
    }

    /** Sets memory aside for a request that begins to arrive. False if there is none: the connection is told when there is. */
    boolean announce(int sizeBytes, ServerConnection asking) {
        if (sizeBytes > SMALL_BYTES && !home.reserve(sizeBytes, asking)) {
            return false;
        }
        announcedBytes = sizeBytes;
        bytes += sizeBytes;
        return true;
    }

    /** What was announced has arrived. */
    void arrived() {
        announcedBytes = 0;
    }

    /** What was announced will not arrive. */
    void unannounce() {
        if (announcedBytes > 0) {
            giveBack(announcedBytes);
            announcedBytes = 0;
        }
    }

    /** Gives back the bytes of a request. */
    void giveBack(int sizeBytes) {
        bytes -= sizeBytes;
        if (sizeBytes > SMALL_BYTES) {
            home.unreserve(sizeBytes);
        }
    }

    /** Takes a request in. False if it is not handled until {@link #pollHeld} hands it out. */
    boolean add(PendingRequest request) {
        answers.add(request);
        count++;
        if (isAlone(request)) {
            alone++;
            if (count > 1) {
                held = request;
                return false;
            }
        }
        return true;
    }

    /** The request that waited for the produce requests before it, once they are all answered. */
    @Nullable
    PendingRequest pollHeld() {
        PendingRequest next = held;
        if (next == null || count > 1) {
            return null;
        }
        held = null;
        return next;
    }

    /** The next request whose answer is to be sent now. */
    @Nullable
    PendingRequest pollEnded() {
        return answers.pollEnded();
    }

    /** Tells all that wait that the connection takes no more requests. */
    void leave() {
        answers.leave();
    }

    /** The request no longer counts. */
    void forget(PendingRequest request) {
        count--;
        alone -= isAlone(request) ? 1 : 0;
        releaseFrame(request);
    }

    /** Gives back a request's frame; false if that was done before. */
    boolean releaseFrame(PendingRequest request) {
        boolean wasHeld = request.releaseFrame();
        if (wasHeld) {
            giveBack(request.sizeBytes());
        }
        return wasHeld;
    }

    /**
     * Empties the queue, unsent. Requests that are still with the handler, or on their way back from another thread, are discarded
     * when they come.
     */
    void dropAll(Writer scratch) {
        for (PendingRequest request = answers.poll(); request != null; request = answers.poll()) {
            if (request.drop() == PendingRequest.Whereabouts.RETURNED) {
                forget(request);
                discardAnswer(request, scratch);
            }
        }
        PendingRequest never = held;
        if (never != null) {
            held = null;
            never.abort();
        }
    }

    /** Releases what an answer holds, of which nothing will be sent. On any thread, with a writer of its own. */
    static void discardAnswer(PendingRequest request, Writer scratch) {
        if (request.outcome() instanceof Response response) {
            try {
                FrameWriter.discard(scratch, response, request.version());
            } catch (RuntimeException e) {
                LOG.error("The answer to {} cannot be written", request.api().title(), e);
            }
        }
    }

    /** Whether a request is handled only after all before it were answered, and nothing is taken behind it until it is answered. */
    private static boolean isAlone(PendingRequest request) {
        return request.api() != ApiKey.PRODUCE;
    }
}
