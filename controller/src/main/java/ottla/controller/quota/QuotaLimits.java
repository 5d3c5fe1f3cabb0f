package ottla.controller.quota;

import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import ottla.controller.image.ClusterImage.QuotaEntity;
import ottla.controller.image.PersistentMap;

/**
 * Which of the quotas that are set is a client's (KIP-55, KIP-546). The first of these that is there:
 *
 * <pre>
 *    user           + client id             each pair has its own
 *    user           + default client id     each pair has its own
 *    user                                   shared by the user's clients
 *    default user   + client id             each pair has its own
 *    default user   + default client id     each pair has its own
 *    default user                           shared by each user's clients
 *    client id                              shared by all who call themselves so
 *    default client id                      shared by all who call themselves the same
 * </pre>
 *
 * As in Kafka, whoever gives no client id has only the quotas of users.
 */
public final class QuotaLimits {
    private static final String USER = "user";
    private static final String CLIENT_ID = "client-id";

    private static final Optional<String> DEFAULT = Optional.empty();

    private final PersistentMap<QuotaEntity, SortedMap<String, Double>> quotas;
    private final String key;

    /** @param key what is limited, such as {@code controller_mutation_rate} */
    public QuotaLimits(PersistentMap<QuotaEntity, SortedMap<String, Double>> quotas, String key) {
        this.quotas = quotas;
        this.key = key;
    }

    /** @param sharedBy equal for all clients that have the limit together; what they do not have in common is empty */
    public record Limit(double perSecond, QuotaClient sharedBy) {}

    /** The limit of one client, if there is one. */
    public Optional<Limit> of(QuotaClient client) {
        if (quotas.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> user = Optional.of(client.user());
        QuotaClient anyClientOfHis = new QuotaClient(client.user(), "");
        if (client.clientId().isEmpty()) {
            return ofUser(user).or(() -> ofUser(DEFAULT)).map(rate -> new Limit(rate, anyClientOfHis));
        }
        Optional<String> id = Optional.of(client.clientId());
        QuotaClient anybodysClient = new QuotaClient("", client.clientId());
        return ofPair(user, id)
                .or(() -> ofPair(user, DEFAULT))
                .map(rate -> new Limit(rate, client))
                .or(() -> ofUser(user).map(rate -> new Limit(rate, anyClientOfHis)))
                .or(() -> ofPair(DEFAULT, id).or(() -> ofPair(DEFAULT, DEFAULT)).map(rate -> new Limit(rate, client)))
                .or(() -> ofUser(DEFAULT).map(rate -> new Limit(rate, anyClientOfHis)))
                .or(() -> ofClientId(id).or(() -> ofClientId(DEFAULT)).map(rate -> new Limit(rate, anybodysClient)));
    }

    private Optional<Double> ofPair(Optional<String> user, Optional<String> clientId) {
        SortedMap<String, Optional<String>> parts = new TreeMap<>();
        parts.put(USER, user);
        parts.put(CLIENT_ID, clientId);
        return rate(parts);
    }

    private Optional<Double> ofUser(Optional<String> user) {
        return rate(new TreeMap<>(Map.of(USER, user)));
    }

    private Optional<Double> ofClientId(Optional<String> clientId) {
        return rate(new TreeMap<>(Map.of(CLIENT_ID, clientId)));
    }

    private Optional<Double> rate(SortedMap<String, Optional<String>> parts) {
        return quotas.find(new QuotaEntity(parts)).map(limits -> limits.get(key));
    }
}
