package ottla.log.producer;

/** Whether a producer's epoch is raised after each of its transactions, which its client has to know of (KIP-890). */
public enum EpochBump {
    SUPPORTED,
    UNSUPPORTED
}
