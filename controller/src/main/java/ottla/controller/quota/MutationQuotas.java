package ottla.controller.quota;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import ottla.controller.image.ClusterImage;
import ottla.controller.quota.MutationRequest.Enforcement;
import ottla.controller.quota.QuotaLimits.Limit;

/**
 * What every client has left of its {@code controller_mutation_rate}. It is not in the log: who becomes the active controller begins
 * with what it remembers of an earlier term, mostly with full buckets.
 *
 * <p>Owned by the controller's thread; lives as long as the node.
 */
public final class MutationQuotas {
    /** The quota's name. */
    public static final String KEY = "controller_mutation_rate";

    /** As long as Kafka remembers a client that asks for nothing. */
    private static final long IDLE_MS = 3_600_000;

    /**
     * Clients name themselves, so there may be as many as they like; of those beyond, whoever was silent longest begins anew. At about
     * 200 bytes each it is 20 MB at most.
     */
    private static final int BUCKETS_MAX = 100_000;

    private final QuotaWindow window;

    /** Least recently used first. */
    private final Map<QuotaClient, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true);

    public MutationQuotas(QuotaWindow window) {
        this.window = window;
    }

    /** The share of one request, which is decided on once. */
    public Share share(MutationRequest request) {
        return new Share(request);
    }

    private Bucket bucket(Limit limit, long nowMs) {
        Bucket bucket = buckets.computeIfAbsent(
                limit.sharedBy(), client -> new Bucket(new TokenBucket(window.burst(limit.perSecond()), nowMs), nowMs));
        bucket.usedMs = nowMs;
        Iterator<Bucket> oldest = buckets.values().iterator();
        while (oldest.hasNext() && (nowMs - oldest.next().usedMs >= IDLE_MS || buckets.size() > BUCKETS_MAX)) {
            oldest.remove();
        }
        return bucket;
    }

    /** How many clients are remembered. */
    int bucketCount() {
        return buckets.size();
    }

    private static final class Bucket {
        final TokenBucket tokens;
        long usedMs;

        Bucket(TokenBucket tokens, long usedMs) {
            this.tokens = tokens;
            this.usedMs = usedMs;
        }
    }

    /**
     * What one request may change, and for how long its client is held back then. {@link #at} and what it gives are for the decision,
     * on the controller's thread; {@link #throttleTimeMs} is for the answer, after that.
     */
    public final class Share {
        private final MutationRequest request;
        private long violatedMs;
        private long throttleMs;

        private Share(MutationRequest request) {
            this.request = request;
        }

        /** The quota as it is when the request is decided on. */
        public MutationQuota at(ClusterImage image, long nowMs) {
            Optional<Limit> found = new QuotaLimits(image.quotas(), KEY).of(request.client());
            if (found.isEmpty()) {
                return MutationQuota.UNLIMITED;
            }
            double perSecond = found.get().perSecond();
            double burst = window.burst(perSecond);
            TokenBucket tokens = bucket(found.get(), nowMs).tokens;
            return partitionCount -> {
                if (request.enforcement() == Enforcement.STRICT && tokens.tokens(perSecond, burst, nowMs) < 0) {
                    violated(tokens.tokens(perSecond, burst, nowMs), perSecond, nowMs);
                    return false;
                }
                tokens.take(partitionCount, perSecond, burst, nowMs);
                double left = tokens.tokens(perSecond, burst, nowMs);
                if (request.enforcement() == Enforcement.PERMISSIVE && left < 0) {
                    violated(left, perSecond, nowMs);
                }
                return true;
            };
        }

        /** It takes so long until the bucket is no longer overdrawn. */
        private void violated(double tokens, double perSecond, long nowMs) {
            throttleMs = Math.min(Integer.MAX_VALUE, Math.round(-tokens / perSecond * 1000));
            violatedMs = nowMs;
        }

        /** What is left of the time for which the client is to be quiet; 0 if it may go on. */
        public int throttleTimeMs(long nowMs) {
            return (int) Math.clamp(throttleMs - (nowMs - violatedMs), 0, throttleMs);
        }
    }
}
