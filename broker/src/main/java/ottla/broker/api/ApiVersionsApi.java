package ottla.broker.api;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.regex.Pattern;
import ottla.base.ErrorCode;
import ottla.controller.image.Feature;
import ottla.controller.image.FeatureLevels;
import ottla.wire.io.ClientSoftware;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ApiVersionsRequest;
import ottla.wire.message.ApiVersionsResponse;
import ottla.wire.message.ApiVersionsResponse.ApiVersion;
import ottla.wire.message.ApiVersionsResponse.FinalizedFeatureKey;
import ottla.wire.message.ApiVersionsResponse.SupportedFeatureKey;

/** Tells what the listener serves (KIP-511), and the features of the cluster (KIP-584). */
public final class ApiVersionsApi implements Api<ApiVersionsRequest> {
    private static final Pattern SOFTWARE = Pattern.compile("[a-zA-Z0-9](?:[a-zA-Z0-9\\-.]*[a-zA-Z0-9])?");

    /** From this version on a client knows that a feature may have the least level 0 (KIP-1022). */
    private static final int KNOWS_LEVEL_ZERO = 4;

    private final ApiTable table;
    private final ClusterView cluster;

    private final IntSupplier kraftVersion;
    private final FeatureLevels featureLevels;

    /** @param kraftVersion the level of the feature that the quorum keeps itself, 0 as long as it is off */
    public ApiVersionsApi(ApiTable table, ClusterView cluster, IntSupplier kraftVersion, FeatureLevels featureLevels) {
        this.featureLevels = featureLevels;
        this.table = table;
        this.cluster = cluster;
        this.kraftVersion = kraftVersion;
    }

    @Override
    public ApiKey key() {
        return ApiKey.API_VERSIONS;
    }

    @Override
    public void serve(ApiVersionsRequest request, InboundRequest inbound) {
        String name = request.clientSoftwareName();
        String version = request.clientSoftwareVersion();
        if (inbound.version() >= 3) {
            if (!SOFTWARE.matcher(name).matches() || !SOFTWARE.matcher(version).matches()) {
                inbound.answer(ApiVersionsResponse.DEFAULT.withErrorCode(ErrorCode.INVALID_REQUEST.code()));
                return;
            }
            inbound.connection().introduce(new ClientSoftware(name, version));
        }
        inbound.answer(table(inbound.version()));
    }

    /** Answers a client that is newer than this node in a version that every client reads: what it may ask with. */
    void refuseVersion(InboundRequest inbound) {
        inbound.answer(ApiVersionsResponse.DEFAULT
                .withErrorCode(ErrorCode.UNSUPPORTED_VERSION.code())
                .withApiKeys(List.of(new ApiVersion(key().id(), (short) oldest(), (short) newest()))));
    }

    private ApiVersionsResponse table(int version) {
        ClusterView.Published published = cluster.published();
        List<SupportedFeatureKey> supported = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            if (version >= KNOWS_LEVEL_ZERO || feature.minLevel() > 0) {
                supported.add(new SupportedFeatureKey(
                        feature.featureName(), feature.minLevel(), feature.maxLevel(featureLevels)));
            }
        }
        List<FinalizedFeatureKey> finalized = new ArrayList<>();
        published
                .image()
                .features()
                .forEach((name, level) -> finalized.add(new FinalizedFeatureKey(name, level, level)));
        short kraft = (short) kraftVersion.getAsInt();
        if (kraft > 0) {
            finalized.add(new FinalizedFeatureKey(Feature.KRAFT_VERSION.featureName(), kraft, kraft));
        }
        return ApiVersionsResponse.DEFAULT
                .withApiKeys(versions())
                .withSupportedFeatures(supported)
                .withFinalizedFeaturesEpoch(published.offset())
                .withFinalizedFeatures(finalized);
    }

    private List<ApiVersion> versions() {
        return table.all().stream()
                .map(api -> new ApiVersion(api.key().id(), (short) announcedOldest(api), (short) api.newest()))
                .sorted(Comparator.comparingInt(ApiVersion::apiKey))
                .toList();
    }

    /**
     * Librdkafka takes the support of Produce 0 as a sign that it may compress, so Kafka announces the versions 0 to 2 although
     * it serves them no more, and so do we.
     */
    private static int announcedOldest(Api<?> api) {
        return api.key() == ApiKey.PRODUCE ? 0 : api.oldest();
    }
}
