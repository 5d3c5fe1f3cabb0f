package ottla.controller.quota;

/** Who wants to create or delete partitions, and whether his version of the request knows that he may be refused for their number. */
public record MutationRequest(QuotaClient client, Enforcement enforcement) {
    /** What becomes of a client that has overdrawn his quota. */
    public enum Enforcement {
        /** He is refused until he has paid back: his version has THROTTLING_QUOTA_EXCEEDED. */
        STRICT,
        /** He gets what he wants, and is then held back until he has paid for it. */
        PERMISSIVE
    }
}
