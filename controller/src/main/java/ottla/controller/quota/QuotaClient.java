package ottla.controller.quota;

/** Whom a quota is for: the name of a principal, without its type, and what a client calls itself; either may be empty. */
public record QuotaClient(String user, String clientId) {}
