package ottla.wire.io;

import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalInt;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ApiVersionsResponse;

/** Which versions of which APIs a peer serves. Immutable. */
public final class PeerVersions {
    private final ApiVersionsResponse response;
    private final Map<ApiKey, ApiVersionsResponse.ApiVersion> served = new EnumMap<>(ApiKey.class);

    PeerVersions(ApiVersionsResponse response) {
        this.response = response;
        for (ApiVersionsResponse.ApiVersion range : response.apiKeys()) {
            ApiKey.of(range.apiKey()).ifPresent(api -> served.put(api, range));
        }
    }

    /** The newest version that both sides know. */
    public OptionalInt newest(ApiKey api) {
        return newest(api, api.maxVersion());
    }

    /** The newest version up to {@code last} that both sides know. */
    public OptionalInt newest(ApiKey api, int last) {
        ApiVersionsResponse.ApiVersion range = served.get(api);
        if (range == null) {
            return OptionalInt.empty();
        }
        int newest = Math.min(last, range.maxVersion());
        return newest < Math.max(api.minVersion(), range.minVersion()) ? OptionalInt.empty() : OptionalInt.of(newest);
    }

    /** What the peer answered, its features included. */
    public ApiVersionsResponse response() {
        return response;
    }
}
