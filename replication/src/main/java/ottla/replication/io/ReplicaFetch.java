package ottla.replication.io;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.log.io.ReadLeast;
import ottla.replication.io.FetchTerms.Size;
import ottla.replication.io.ReplicaRead.Pace;
import ottla.wire.io.Loop;
import ottla.wire.message.FetchRequest.FetchPartition;
import ottla.wire.message.FetchResponse.PartitionData;
import ottla.wire.primitive.Payload;

/**
 * One Fetch request being carried out: reads its partitions in order, waits if there is too little, reads again, and answers once.
 *
 * <pre>
 *   READING ---- enough, an error, nothing to wait for --------------------> answered
 *      |                                                                        ^
 *      +-- too little --> PARKED -- enough, an error, time is up --> READING ---+
 * </pre>
 *
 * <p>Runs on the request's loop. Only when bytes have to come from a disk does the rest of a reading move to a disk thread, and its
 * end back to the loop.
 */
public final class ReplicaFetch {
    private final ReplicaShell shell;
    private final FetchTerms terms;
    private final List<Wanted> wanted;
    private final Loop loop;
    private final Consumer<List<PartitionData>> completion;
    private Waiting waiting = Waiting.ALLOWED;
    private @Nullable ParkedFetch parked;

    private enum Waiting {
        ALLOWED,
        POINTLESS,
        /** It is answered. */
        OVER
    }

    /** A partition of the request. */
    public sealed interface Wanted {
        FetchPartition asked();

        record Here(Replica replica, FetchPartition asked) implements Wanted {}

        /** It cannot be read, and its error is worth an answer at once: no replica of it is here. */
        record Failed(FetchPartition asked, ErrorCode error) implements Wanted {}

        /** It was refused before anybody looked for it (unknown, forbidden): its error goes with the answer to the others. */
        record Refused(FetchPartition asked, ErrorCode error) implements Wanted {}
    }

    private ReplicaFetch(
            ReplicaShell shell,
            FetchTerms terms,
            List<Wanted> wanted,
            Loop loop,
            Consumer<List<PartitionData>> completion) {
        this.shell = shell;
        this.terms = terms;
        this.wanted = wanted;
        this.loop = loop;
        this.completion = completion;
    }

    /**
     * Begins, on the loop. The completion is called once, on the loop, perhaps before this returns: with one answer for each of
     * the partitions, in their order, whose payloads the receiver releases.
     */
    public static ReplicaFetch start(
            ReplicaShell shell,
            FetchTerms terms,
            List<Wanted> wanted,
            Loop loop,
            Consumer<List<PartitionData>> completion) {
        ReplicaFetch fetch = new ReplicaFetch(shell, terms, wanted, loop, completion);
        fetch.new Reading(Pass.FIRST).run();
        return fetch;
    }

    /** Whether the completion has been called. On the loop. */
    public boolean isAnswered() {
        return waiting == Waiting.OVER;
    }

    /** Nobody has use for more than there is: the fetch is answered with that, soon. On the loop. */
    public void stopWaiting() {
        if (waiting == Waiting.ALLOWED) {
            waiting = Waiting.POINTLESS;
            if (parked != null) {
                parked.wake();
            }
        }
    }

    private enum Pass {
        FIRST,
        AFTER_WAITING
    }

    /** One pass over the partitions. */
    private final class Reading implements Runnable {
        private final Pass pass;
        private final List<PartitionData> answers = new ArrayList<>(wanted.size());

        /** Where each partition could be read up to, for those who then wait. */
        private final long[] boundOffsets;

        private final int[] leaderEpochs;
        private int leftBytes = terms.maxBytes();
        private long readBytes;
        private ReadLeast least = terms.size() == Size.AT_LEAST_ONE_BATCH ? ReadLeast.ONE_BATCH : ReadLeast.NOTHING;
        private boolean urgent;
        private boolean readable;

        /** Of replicas that are throttled here. */
        private long throttledBytes;

        /** Which partitions have nothing for this follower until the leader's limit allows it; mostly there is no such set. */
        private @Nullable BitSet heldBack;

        private Where where = Where.LOOP;

        private enum Where {
            LOOP,
            DISK_THREAD
        }

        Reading(Pass pass) {
            this.pass = pass;
            boundOffsets = new long[wanted.size()];
            leaderEpochs = new int[wanted.size()];
        }

        /** Goes on with the next partition, on the loop or on a disk thread. */
        @Override
        public void run() {
            while (answers.size() < wanted.size()) {
                Wanted next = wanted.get(answers.size());
                switch (next) {
                    case Wanted.Here here -> {
                        readable = true;
                        if (!read(here)) {
                            return;
                        }
                    }
                    case Wanted.Failed failed -> {
                        readable = true;
                        fail(failed.asked(), failed.error());
                    }
                    case Wanted.Refused refused ->
                        answers.add(ReplicaRead.refusal(refused.asked().partition(), refused.error()));
                }
            }
            if (where == Where.LOOP) {
                end();
            } else {
                loop.execute(this::end);
            }
        }

        /** False if the reading goes on elsewhere. */
        private boolean read(Wanted.Here here) {
            FetchPartition asked = here.asked();
            int index = answers.size();
            int maxBytes = Math.min(leftBytes, asked.partitionMaxBytes());
            ReplicaReading.FollowerNews news =
                    pass == Pass.FIRST ? ReplicaReading.FollowerNews.TAKEN_IN : ReplicaReading.FollowerNews.KNOWN;
            switch (here.replica().read(terms, asked, maxBytes, least, news)) {
                case ReplicaRead.Ready ready -> {
                    boundOffsets[index] = ready.boundOffset();
                    leaderEpochs[index] = ready.leaderEpoch();
                    if (ready.pace() == Pace.HELD_BACK) {
                        holdBack(index);
                    }
                    take(here, ready.data());
                }
                case ReplicaRead.OnDisk cold -> {
                    boundOffsets[index] = cold.boundOffset();
                    leaderEpochs[index] = cold.leaderEpoch();
                    if (where == Where.LOOP) {
                        where = Where.DISK_THREAD;
                        shell.diskThreads().execute(() -> {
                            take(here, here.replica().run(cold));
                            run();
                        });
                        return false;
                    }
                    take(here, here.replica().run(cold));
                }
                case ReplicaRead.Failed failed -> fail(asked, failed.error());
            }
            return true;
        }

        private void holdBack(int index) {
            if (heldBack == null) {
                heldBack = new BitSet(wanted.size());
            }
            heldBack.set(index);
        }

        private void take(Wanted.Here here, PartitionData data) {
            int sizeBytes = sizeBytes(data);
            if (sizeBytes > 0) {
                least = ReadLeast.NOTHING;
                leftBytes = Math.max(0, leftBytes - sizeBytes);
                readBytes += sizeBytes;
                if (terms.isFollower() && here.replica().throttling().asLeader()) {
                    throttledBytes += sizeBytes;
                }
            }
            urgent |= data.errorCode() != ErrorCode.NONE.code()
                    || data.divergingEpoch().endOffset() >= 0
                    || data.preferredReadReplica() >= 0;
            answers.add(data);
        }

        private void fail(FetchPartition asked, ErrorCode error) {
            urgent = true;
            answers.add(ReplicaRead.failure(asked.partition(), error));
        }

        private void end() {
            boolean enough = readBytes >= terms.minBytes() || urgent || !readable || terms.maxWaitMs() <= 0;
            if (enough || pass == Pass.AFTER_WAITING || waiting == Waiting.POINTLESS) {
                waiting = Waiting.OVER;
                if (throttledBytes > 0) {
                    shell.throttles().leader().spend(throttledBytes);
                }
                completion.accept(answers);
            } else {
                park();
            }
        }

        private void park() {
            ParkedFetch waits = new ParkedFetch(terms, loop, () -> new Reading(Pass.AFTER_WAITING).run());
            for (int i = 0; i < answers.size(); i++) {
                PartitionData data = answers.get(i);
                int sizeBytes = sizeBytes(data);
                if (wanted.get(i) instanceof Wanted.Here here) {
                    ParkedFetch.Wait wait =
                            waits.add(here.replica(), here.asked(), boundOffsets[i], leaderEpochs[i], sizeBytes);
                    if (heldBack != null && heldBack.get(i)) {
                        wait.holdBack();
                    }
                }
                Payload records = data.records();
                if (records != null) {
                    records.release();
                }
            }
            parked = waits;
            // who is held back gets its records as soon as they may be sent, although nobody appends anything then
            long pauseMs = heldBack == null
                    ? Long.MAX_VALUE
                    : Math.max(1, shell.throttles().leader().pauseMs());
            waits.start(Math.min(terms.maxWaitMs(), pauseMs));
        }
    }

    private static int sizeBytes(PartitionData data) {
        Payload records = data.records();
        return records == null ? 0 : records.sizeBytes();
    }
}
