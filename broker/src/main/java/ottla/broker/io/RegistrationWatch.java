package ottla.broker.io;

import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.Provenance;
import ottla.controller.io.ImageListener;

/**
 * Sees to it that this broker's registration names its directories as soon as the cluster's metadata version has room for them
 * (KIP-858). Called on the controller's thread.
 */
final class RegistrationWatch implements ImageListener {
    private final int nodeId;
    private final BrokerLifecycle lifecycle;
    private long askedInEpoch = -1;

    RegistrationWatch(int nodeId, BrokerLifecycle lifecycle) {
        this.nodeId = nodeId;
        this.lifecycle = lifecycle;
    }

    @Override
    public void onImage(ImageDelta delta, ClusterImage image, Provenance at) {
        boolean due = image.metadataVersion().hasDirectories()
                && image.broker(nodeId).filter(this::lacksDirectories).isPresent();
        if (due) {
            askedInEpoch = lifecycle.epoch();
            lifecycle.registerAgain();
        }
    }

    private boolean lacksDirectories(BrokerRegistration broker) {
        return broker.epoch() == lifecycle.epoch()
                && broker.epoch() > askedInEpoch
                && !broker.inControlledShutdown()
                && broker.record().logDirs().isEmpty();
    }
}
