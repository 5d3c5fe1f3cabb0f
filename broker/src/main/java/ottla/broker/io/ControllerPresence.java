package ottla.broker.io;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.Provenance;
import ottla.controller.io.ImageListener;
import ottla.wire.io.Loop;
import ottla.wire.message.ControllerRegistrationRequest;
import ottla.wire.message.ControllerRegistrationResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * Sees to it that the metadata knows this controller, its listeners and what it supports (KIP-919): whenever an image does not have
 * this process's registration, the active controller is asked for it.
 *
 * <p>Images come on the controller's thread; everything else runs on one loop. Lives as long as the node.
 */
final class ControllerPresence implements ImageListener {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerPresence.class);

    private static final long RETRY_MS = 100;

    private final ControllerRegistrationRequest registration;
    private final Function<Request, CompletionStage<Response>> controller;
    private final Loop loop;
    private final CompletableFuture<Void> known = new CompletableFuture<>();
    private volatile boolean wanted;
    private boolean asking;

    /** @param controller asks the active controller once */
    ControllerPresence(
            ControllerRegistrationRequest registration,
            Function<Request, CompletionStage<Response>> controller,
            Loop loop) {
        this.registration = registration;
        this.controller = controller;
        this.loop = loop;
    }

    /** Completes when the metadata knows this controller, or is of a version in which controllers do not register. */
    CompletionStage<Void> known() {
        return known;
    }

    @Override
    public void onImage(ImageDelta delta, ClusterImage image, Provenance at) {
        boolean registered = image.controllers().containsKey(registration.controllerId())
                && image.controllers()
                        .get(registration.controllerId())
                        .incarnationId()
                        .equals(registration.incarnationId());
        boolean possible = image.isBootstrapped() && image.metadataVersion().hasControllerRegistration();
        wanted = possible && !registered;
        if (wanted) {
            loop.execute(this::ask);
        } else if (image.isBootstrapped()) {
            known.complete(null);
        }
    }

    private void ask() {
        if (asking || !wanted) {
            return;
        }
        asking = true;
        controller
                .apply(registration)
                .whenComplete((response, failure) -> loop.execute(() -> {
                    asking = false;
                    ErrorCode error = failure != null
                            ? ErrorCode.NOT_CONTROLLER
                            : ErrorCode.of(((ControllerRegistrationResponse) response).errorCode());
                    if (error != ErrorCode.NONE && error != ErrorCode.NOT_CONTROLLER) {
                        LOG.warn("The active controller did not register this one: {}; trying again", error);
                    }
                    // what was accepted comes back as an image; if it does not, it is asked for again
                    var unused = loop.schedule(this::ask, RETRY_MS);
                }));
    }
}
