package ottla.log.io;

/** How the process that last wrote a log directory ended. */
public enum Stop {
    /** Everything was written and closed in order. */
    CLEAN,
    /** It was killed, or the machine went down. */
    UNCLEAN
}
