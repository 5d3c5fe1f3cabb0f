package ottla.broker.io;

import java.util.OptionalInt;
import java.util.function.IntConsumer;
import ottla.replication.io.CommittedBatch;
import ottla.replication.io.QuorumListener;
import ottla.replication.io.QuorumSnapshot;
import ottla.replication.io.QuorumTerm;

/**
 * Follows nothing of the metadata log but its epochs, on the quorum's thread.
 *
 * @param newEpoch told of each epoch that begins or gets a leader
 * @param led run when this node begins to lead
 */
record LeaderWatch(IntConsumer newEpoch, Runnable led) implements QuorumListener {
    @Override
    public void onSnapshot(QuorumSnapshot snapshot) {}

    @Override
    public void onCommitted(CommittedBatch batch) {}

    @Override
    public void onLeader(QuorumTerm term) {
        led.run();
    }

    @Override
    public void onResigned(int epoch) {}

    @Override
    public void onLeaderChanged(int epoch, OptionalInt leaderId) {
        newEpoch.accept(epoch);
    }
}
