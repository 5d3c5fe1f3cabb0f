package ottla.broker.io;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageDelta;
import ottla.controller.image.Provenance;
import ottla.controller.io.ImageListener;
import ottla.controller.quota.MutationQuotas;

/** Says of every client quota that is set, by whomever, and not enforced, that it is only kept. Runs on the controller's thread. */
final class QuotaWarnings implements ImageListener {
    private static final Logger LOG = LoggerFactory.getLogger(QuotaWarnings.class);

    @Override
    public void onImage(ImageDelta delta, ClusterImage image, Provenance at) {
        List<String> limits = new ArrayList<>();
        delta.changedQuotas()
                .forEach(entity -> image.quotas()
                        .find(entity)
                        .map(QuotaWarnings::notEnforced)
                        .filter(set -> !set.isEmpty())
                        .ifPresent(set -> limits.add(set + " of " + entity.parts())));
        if (!limits.isEmpty()) {
            LOG.warn("Client quotas are kept, but this version of Ottla does not enforce them: {}", limits);
        }
    }

    private static SortedMap<String, Double> notEnforced(SortedMap<String, Double> set) {
        SortedMap<String, Double> rest = new TreeMap<>(set);
        rest.remove(MutationQuotas.KEY);
        return rest;
    }
}
