package ottla.broker.api;

import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.Response;

/** Answers that come from another thread. A client whose answer tells it to be quiet is not heard for as long (KIP-219). */
final class Later {
    private static final Logger LOG = LoggerFactory.getLogger(Later.class);

    private Later() {}

    /** Sends the answer when it is there. A failure is a fault of ours: the client is left without an answer, and we with a log. */
    static void answer(InboundRequest inbound, CompletionStage<? extends Response> answer) {
        answer.whenComplete((response, failure) -> {
            if (failure == null) {
                int throttleMs = response.throttleTimeMs();
                if (throttleMs > 0) {
                    inbound.holdBack(throttleMs);
                }
                inbound.answer(response);
            } else {
                LOG.error("{} of version {} failed", inbound.api().title(), inbound.version(), failure);
                inbound.close("the request failed");
            }
        });
    }
}
