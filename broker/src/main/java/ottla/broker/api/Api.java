package ottla.broker.api;

import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;

/**
 * One Kafka API as this node serves it.
 *
 * @param <Q> its request
 */
public interface Api<Q extends Request> {
    ApiKey key();

    /** The oldest version that works. */
    default int oldest() {
        return key().minVersion();
    }

    /** The newest version that works. One that may still change is not offered, as in Kafka. */
    default int newest() {
        return key().latestVersionUnstable() ? key().maxVersion() - 1 : key().maxVersion();
    }

    /**
     * Answers now, or later from any thread, exactly once.
     *
     * @param request the message, already read
     * @param inbound where it came from, and where the answer goes
     */
    void serve(Q request, InboundRequest inbound);
}
