package ottla.broker.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeUserScramCredentialsRequest;
import ottla.wire.message.DescribeUserScramCredentialsRequest.UserName;
import ottla.wire.message.DescribeUserScramCredentialsResponse;
import ottla.wire.message.DescribeUserScramCredentialsResponse.CredentialInfo;
import ottla.wire.message.DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult;

/** Shows which SCRAM credentials users have, never the credentials themselves (KIP-554). */
public final class DescribeUserScramCredentialsApi implements Api<DescribeUserScramCredentialsRequest> {
    private final ClusterView cluster;

    public DescribeUserScramCredentialsApi(ClusterView cluster) {
        this.cluster = cluster;
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS;
    }

    @Override
    public void serve(DescribeUserScramCredentialsRequest request, InboundRequest inbound) {
        Map<String, List<CredentialInfo>> known = new TreeMap<>();
        cluster.image()
                .scram()
                .forEach((user, credential) -> known.computeIfAbsent(user.name(), unused -> new ArrayList<>())
                        .add(new CredentialInfo(user.mechanism(), credential.iterations())));
        List<DescribeUserScramCredentialsResult> results = new ArrayList<>();
        List<UserName> asked = request.users();
        if (asked == null || asked.isEmpty()) {
            known.forEach((user, credentials) -> results.add(found(user, credentials)));
        } else {
            timesAsked(asked).forEach((user, times) -> results.add(described(user, times, known)));
        }
        inbound.answer(DescribeUserScramCredentialsResponse.DEFAULT
                .withErrorMessage("")
                .withResults(results));
    }

    private static Map<String, Integer> timesAsked(List<UserName> users) {
        Map<String, Integer> times = new LinkedHashMap<>();
        users.forEach(user -> times.merge(user.name(), 1, Integer::sum));
        return times;
    }

    private static DescribeUserScramCredentialsResult described(
            String user, int timesAsked, Map<String, List<CredentialInfo>> known) {
        if (timesAsked > 1) {
            return refused(
                    user,
                    ErrorCode.DUPLICATE_RESOURCE,
                    "Cannot describe SCRAM credentials for the same user twice in a single request: " + user);
        }
        List<CredentialInfo> credentials = known.get(user);
        return credentials == null
                ? refused(
                        user,
                        ErrorCode.RESOURCE_NOT_FOUND,
                        "Attempt to describe a user credential that does not exist: " + user)
                : found(user, credentials);
    }

    private static DescribeUserScramCredentialsResult found(String user, List<CredentialInfo> credentials) {
        return new DescribeUserScramCredentialsResult(user, ErrorCode.NONE.code(), "", credentials);
    }

    private static DescribeUserScramCredentialsResult refused(String user, ErrorCode error, String why) {
        return new DescribeUserScramCredentialsResult(user, error.code(), why, List.of());
    }
}
