package ottla.broker.api;

import java.util.concurrent.CompletionStage;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * Who decides on a change: the controller of this node for what comes to a controller's listener, the active controller, wherever
 * it is, for what comes to a broker's.
 */
@FunctionalInterface
public interface Decider<Q extends Request, A extends Response> {
    /** @param from who asks, and in which version the answer is to be */
    CompletionStage<A> decide(Q request, InboundRequest from);
}
