package ottla.replication.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import ottla.base.ErrorCode;
import ottla.log.io.DiskFailure;
import ottla.log.io.Log;
import ottla.log.io.TimestampSearch;
import ottla.log.producer.ProducerState;
import ottla.replication.io.FetchTerms.From;
import ottla.wire.message.DescribeProducersResponse;

/** What can be asked about a replica's records without reading them: offsets, epochs, producers. Takes the lock itself. */
final class ReplicaLookups {
    private final ReplicaGuard guard;
    private final ReplicaState state;
    private final ReplicaOffsets offsets;
    private final Executor diskThreads;

    ReplicaLookups(ReplicaGuard guard, ReplicaState state, Executor diskThreads) {
        this.guard = guard;
        this.state = state;
        this.diskThreads = diskThreads;
        offsets = new ReplicaOffsets(state);
    }

    CompletionStage<FoundOffset> findOffset(OffsetQuestion question, int clientLeaderEpoch, From from) {
        Optional<TimestampSearch> search;
        Log searched;
        guard.lock();
        try {
            ErrorCode refused = state.check(clientLeaderEpoch, from);
            if (refused != ErrorCode.NONE) {
                return CompletableFuture.completedFuture(FoundOffset.failure(refused));
            }
            search = offsets.search(question);
            searched = state.log();
            if (search.isEmpty()) {
                return CompletableFuture.completedFuture(offsets.place(question));
            }
        } catch (DiskFailure failure) {
            guard.fail(failure);
            return CompletableFuture.completedFuture(FoundOffset.failure(ErrorCode.KAFKA_STORAGE_ERROR));
        } finally {
            guard.unlock();
        }
        return CompletableFuture.supplyAsync(() -> run(search.get(), searched, question), diskThreads);
    }

    private FoundOffset run(TimestampSearch search, Log searched, OffsetQuestion question) {
        Optional<TimestampSearch.Found> found;
        try {
            found = search.run();
        } catch (DiskFailure failure) {
            return FoundOffset.failure(guard.failedAside(failure, searched));
        }
        return found.isEmpty() ? FoundOffset.NONE : guard.locked(() -> offsets.visible(found.get(), question));
    }

    EpochEndAnswer findEpochEnd(int leaderEpoch, int clientLeaderEpoch) {
        return guard.locked(() -> {
            ErrorCode refused = state.check(clientLeaderEpoch, From.LEADER);
            if (refused != ErrorCode.NONE) {
                return EpochEndAnswer.failure(refused);
            }
            return state.log()
                    .endOfEpoch(leaderEpoch)
                    .map(end -> new EpochEndAnswer(ErrorCode.NONE, end.epoch(), end.endOffset()))
                    .orElse(EpochEndAnswer.failure(ErrorCode.NONE));
        });
    }

    List<DescribeProducersResponse.ProducerState> describeProducers() {
        return guard.locked(() -> {
            List<DescribeProducersResponse.ProducerState> producers = new ArrayList<>();
            for (ProducerState producer : state.log().producers()) {
                producers.add(new DescribeProducersResponse.ProducerState(
                        producer.producerId(),
                        producer.epoch(),
                        producer.lastSequenceKnown().orElse(-1),
                        producer.lastTimestampMs(),
                        producer.coordinatorEpoch(),
                        producer.transactionFirstOffset().orElse(-1)));
            }
            return producers;
        });
    }
}
