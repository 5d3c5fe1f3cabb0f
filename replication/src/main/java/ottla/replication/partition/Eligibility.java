package ottla.replication.partition;

/** Whether the cluster allows a broker into a set of in-sync replicas: registered, not fenced, not shutting down (KIP-841). */
@FunctionalInterface
public interface Eligibility {
    /**
     * Whether the broker may join; {@code brokerEpoch} is that of its last fetch, -1 if it gave none. A replica that fetched
     * before it was restarted may have lost what it had (KIP-903).
     */
    boolean mayJoin(int brokerId, long brokerEpoch);
}
