package ottla.replication.io;

/** Who calls {@link MachineLoop#drain}: a {@link MachineThread}, or a simulation that has one thread for all. */
public interface MachineDrive extends AutoCloseable {
    MachineLoop loop();

    /** Ends when what was queued before is done. Must not be called by the loop's own tasks. */
    @Override
    void close();
}
