package ottla.controller.decide;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import ottla.controller.image.BrokerRegistration;

/**
 * When the active controller last heard of each broker, and how far each has read the metadata. Not durable: a new active
 * controller grants every broker a fresh session. Owned by the controller's thread.
 */
public final class Liveness {
    private static final long UNKNOWN_OFFSET = -1;

    private final long sessionTimeoutMs;
    private final Map<Integer, Contact> contacts = new HashMap<>();

    public Liveness(long sessionTimeoutMs) {
        this.sessionTimeoutMs = sessionTimeoutMs;
    }

    /** Begins with a fresh session for every broker that is not fenced. */
    public void begin(Collection<BrokerRegistration> brokers, long nowMs) {
        contacts.clear();
        for (BrokerRegistration broker : brokers) {
            if (!broker.fenced()) {
                contacts.put(broker.id(), new Contact(broker.epoch(), nowMs, UNKNOWN_OFFSET, Session.ASSUMED));
            }
        }
    }

    /** A registration was accepted, or a heartbeat came. */
    public void touch(int brokerId, long epoch, long metadataOffset, long nowMs) {
        contacts.put(brokerId, new Contact(epoch, nowMs, metadataOffset, Session.HEARD));
    }

    public void forget(int brokerId) {
        contacts.remove(brokerId);
    }

    /** Whether the incarnation of that epoch may still be alive. */
    boolean hasSession(int brokerId, long epoch, long nowMs) {
        Contact contact = contacts.get(brokerId);
        return contact != null && contact.epoch == epoch && nowMs - contact.lastMs < sessionTimeoutMs;
    }

    /** Whether it was really heard of since this controller became active. */
    boolean wasHeard(int brokerId) {
        Contact contact = contacts.get(brokerId);
        return contact != null && contact.session == Session.HEARD;
    }

    /** The broker that was silent for longest, if that was too long. */
    Optional<Integer> stalest(Iterable<BrokerRegistration> brokers, long nowMs) {
        Optional<Integer> stalest = Optional.empty();
        long oldestMs = nowMs - sessionTimeoutMs;
        for (BrokerRegistration broker : brokers) {
            Contact contact = contacts.get(broker.id());
            if (!broker.fenced() && contact != null && contact.lastMs <= oldestMs) {
                oldestMs = contact.lastMs;
                stalest = Optional.of(broker.id());
            }
        }
        return stalest;
    }

    /** When the next session ends if nothing is heard; {@code Long.MAX_VALUE} if there is none. */
    long nextExpiryMs(Iterable<BrokerRegistration> brokers) {
        long soonestMs = Long.MAX_VALUE;
        for (BrokerRegistration broker : brokers) {
            Contact contact = contacts.get(broker.id());
            if (!broker.fenced() && contact != null) {
                soonestMs = Math.min(soonestMs, contact.lastMs + sessionTimeoutMs);
            }
        }
        return soonestMs;
    }

    /** How far the slowest active broker has read the metadata. */
    long lowestActiveOffset(Iterable<BrokerRegistration> brokers) {
        long lowest = Long.MAX_VALUE;
        for (BrokerRegistration broker : brokers) {
            if (broker.active()) {
                Contact contact = contacts.get(broker.id());
                lowest = Math.min(lowest, contact == null ? UNKNOWN_OFFSET : contact.metadataOffset);
            }
        }
        return lowest;
    }

    private enum Session {
        /** Granted when this controller became active. */
        ASSUMED,
        HEARD
    }

    private record Contact(long epoch, long lastMs, long metadataOffset, Session session) {}
}
