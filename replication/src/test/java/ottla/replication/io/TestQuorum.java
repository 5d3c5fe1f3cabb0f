package ottla.replication.io;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import ottla.base.Uuid;
import ottla.log.LogConfig;
import ottla.log.io.Background;
import ottla.log.io.Disk;
import ottla.log.io.LogShell;
import ottla.log.io.OpenFiles;
import ottla.log.io.ReadBuffers;
import ottla.log.io.TailCache;
import ottla.replication.quorum.Endpoint;
import ottla.replication.quorum.MetadataRetention;
import ottla.replication.quorum.QuorumMembership;
import ottla.replication.quorum.ReplicaKey;
import ottla.replication.quorum.Timeouts;
import ottla.replication.quorum.Voter;
import ottla.replication.quorum.VoterSet;
import ottla.wire.message.metadata.MetadataRecord;

/** The quorum of one node over any disk, and what its listener was told, in order. */
public final class TestQuorum implements AutoCloseable, QuorumListener {
    public static final int NODE = 1;
    public static final Uuid DIRECTORY = new Uuid(1, 2);
    public static final String CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg";

    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final OpenFiles files = new OpenFiles(100);
    private final QuorumNode node;

    /** Something that the listener was told. */
    public sealed interface Event {
        record Snapshot(String id, long timeMs, List<MetadataRecord> records) implements Event {}

        record Committed(CommittedBatch batch) implements Event {}

        record Leads(QuorumTerm term) implements Event {}

        record Resigned(int epoch) implements Event {}

        record Failed(Throwable cause) implements Event {}
    }

    public static TestQuorum on(Disk disk) {
        return on(disk, settings(staticVoters(), MetadataRetention.DEFAULT));
    }

    public static TestQuorum on(Disk disk, QuorumSettings settings) {
        return new TestQuorum(disk, settings, QuorumPeers.NONE);
    }

    public static TestQuorum on(Disk disk, QuorumSettings settings, QuorumPeers peers) {
        return new TestQuorum(disk, settings, peers);
    }

    private TestQuorum(Disk disk, QuorumSettings settings, QuorumPeers peers) {
        Background background = new Background() {
            @Override
            public void soon(Runnable task) {
                Thread.ofVirtual().start(task);
            }

            @Override
            public void after(long delayMs, Runnable task) {
                Thread.ofVirtual().start(task);
            }
        };
        LogShell shell = new LogShell(
                disk,
                files,
                new TailCache(1 << 20),
                new ReadBuffers(16 << 20),
                background,
                Instant::now,
                new SplittableRandom(1),
                86_400_000);
        node = QuorumNode.start(
                settings,
                shell,
                peers,
                () -> System.nanoTime() / 1_000_000,
                List.of(this),
                failure -> events.add(new Event.Failed(failure)));
    }

    public static QuorumSettings settings(VoterSet staticVoters, MetadataRetention retention) {
        Map<String, Endpoint> endpoints = new LinkedHashMap<>();
        endpoints.put("CONTROLLER", new Endpoint("127.0.0.1", 21211));
        return new QuorumSettings(
                CLUSTER,
                new QuorumMembership(new ReplicaKey(NODE, DIRECTORY), endpoints, "CONTROLLER", List.of()),
                staticVoters,
                Timeouts.DEFAULT,
                LogConfig.DEFAULT,
                retention);
    }

    public static VoterSet staticVoters() {
        return VoterSet.of(List.of(new Voter(
                ReplicaKey.ofUnknownDirectory(NODE), Map.of("CONTROLLER", new Endpoint("127.0.0.1", 21211)), 0, 1)));
    }

    public QuorumNode node() {
        return node;
    }

    /** What the listener is told next. */
    public Event next() {
        try {
            @Nullable Event event = events.poll(10, TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("nothing more happens");
            }
            return event;
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    /** What the listener is told up to something. */
    public List<Event> until(Predicate<Event> last) {
        List<Event> seen = new ArrayList<>();
        do {
            seen.add(next());
        } while (!last.test(seen.getLast()));
        return seen;
    }

    /** Waits until these vote, as far as this node knows: each change of the voters comes as a committed batch. */
    public void voted(Integer... ids) {
        while (!node.voters().ids().equals(List.of(ids))) {
            next();
        }
    }

    /** The term of this node, which begins soon. */
    public QuorumTerm leads() {
        return until(event -> event instanceof Event.Leads).getLast() instanceof Event.Leads leads
                ? leads.term()
                : throwUnexpected();
    }

    private static QuorumTerm throwUnexpected() {
        throw new AssertionError("no term");
    }

    /** What the listener is told up to the commit of an offset. */
    public List<Event> committed(long lastOffset) {
        return until(event ->
                event instanceof Event.Committed committed && committed.batch().lastOffset() >= lastOffset);
    }

    @Override
    public void onSnapshot(QuorumSnapshot snapshot) {
        List<MetadataRecord> records = new ArrayList<>();
        snapshot.forEachBatch(records::addAll);
        events.add(new Event.Snapshot(snapshot.id().toString(), snapshot.lastContainedTimeMs(), records));
    }

    @Override
    public void onCommitted(CommittedBatch batch) {
        events.add(new Event.Committed(batch));
    }

    @Override
    public void onLeader(QuorumTerm term) {
        events.add(new Event.Leads(term));
    }

    @Override
    public void onResigned(int epoch) {
        events.add(new Event.Resigned(epoch));
    }

    @Override
    public void close() {
        node.close();
        files.close();
    }
}
