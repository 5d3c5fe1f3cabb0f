package ottla.wire.io;

import org.jspecify.annotations.Nullable;

/** The requests of one connection that are not answered yet, in their order. Owned by the connection's loop. */
final class AnswerQueue {
    private @Nullable PendingRequest first;
    private @Nullable PendingRequest last;

    void add(PendingRequest request) {
        if (last == null) {
            first = request;
        } else {
            last.next = request;
        }
        last = request;
    }

    boolean isEmpty() {
        return first == null;
    }

    /** Takes the first request out if it has ended; otherwise there is nothing to do now. */
    @Nullable
    PendingRequest pollEnded() {
        return first == null || first.outcome() == null ? null : poll();
    }

    /** Tells all that wait that the connection takes no more requests. */
    void leave() {
        PendingRequest request = first;
        while (request != null) {
            // Its task may end it, and with that take it out of the queue.
            PendingRequest following = request.next;
            request.leave();
            request = following;
        }
    }

    /** Takes the first request out, ended or not. */
    @Nullable
    PendingRequest poll() {
        PendingRequest head = first;
        if (head != null) {
            first = head.next;
            head.next = null;
            if (first == null) {
                last = null;
            }
        }
        return head;
    }
}
