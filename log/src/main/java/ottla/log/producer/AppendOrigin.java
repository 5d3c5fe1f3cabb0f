package ottla.log.producer;

/** Where records to be appended come from, which decides what is checked. */
public enum AppendOrigin {
    /** A producer. Everything is checked. */
    CLIENT,
    /** A coordinator of this broker: its own records and the markers of transactions. Sequences are not checked. */
    COORDINATOR,
    /** A leader that has checked and numbered them: another broker, or the metadata quorum on this one. Taken as they are. */
    REPLICATION
}
