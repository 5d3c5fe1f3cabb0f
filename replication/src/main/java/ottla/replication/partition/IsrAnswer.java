package ottla.replication.partition;

/** What became of an {@link IsrChange}. */
public sealed interface IsrAnswer {
    /** The controller's state after the change, or the later one that it already has. */
    record Changed(Assignment assignment) implements IsrAnswer {}

    /** The controller will not do it now (a replica that may not join, an operation not attempted): the old set stands. */
    record Rejected() implements IsrAnswer {}

    /** Refused because this leader is behind: the controller's own news will come and settle it. */
    record Outdated() implements IsrAnswer {}

    /** Nobody knows: to be sent again. */
    record Unknown() implements IsrAnswer {}
}
