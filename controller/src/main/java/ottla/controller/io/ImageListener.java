package ottla.controller.io;

import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.Provenance;

/**
 * Learns every committed change of the cluster, in order, on the controller's thread: it must not block. The first call leads
 * from the empty image to the one at hand. Both arguments may be kept and read on any thread.
 */
@FunctionalInterface
public interface ImageListener {
    void onImage(ImageDelta delta, ClusterImage image, Provenance at);
}
