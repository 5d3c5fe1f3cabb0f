package ottla.broker.io;

import java.util.OptionalInt;
import java.util.function.IntConsumer;
import ottla.replication.io.CommittedBatch;
import ottla.replication.io.QuorumListener;
import ottla.replication.io.QuorumSnapshot;
import ottla.replication.io.QuorumTerm;

/** Follows nothing of the metadata log but its epochs: the consumer is told of each that begins or gets a leader, on the quorum's thread. */
record LeaderWatch(IntConsumer newEpoch) implements QuorumListener {
    @Override
    public void onSnapshot(QuorumSnapshot snapshot) {}

    @Override
    public void onCommitted(CommittedBatch batch) {}

    @Override
    public void onLeader(QuorumTerm term) {}

    @Override
    public void onResigned(int epoch) {}

    @Override
    public void onLeaderChanged(int epoch, OptionalInt leaderId) {
        newEpoch.accept(epoch);
    }
}
