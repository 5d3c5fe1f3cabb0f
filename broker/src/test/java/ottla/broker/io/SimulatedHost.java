package ottla.broker.io;

import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import ottla.log.io.LogShell;
import ottla.replication.io.LeaderLink;
import ottla.replication.io.MachineDrive;
import ottla.replication.io.MachineLoop;
import ottla.replication.io.QuorumListener;
import ottla.replication.io.QuorumNode;
import ottla.replication.io.QuorumSettings;
import ottla.replication.io.SteppedQuorum;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.ConnectionLimits;
import ottla.wire.io.Loop;
import ottla.wire.io.NetworkListener;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * One process of a simulated node: all its threads are events of the cluster's time. It can be halted and resumed, and ends by
 * {@link #kill}, after which nothing of it happens any more.
 */
final class SimulatedHost implements Host {
    private static final long DISK_MAX_US = 5_000;
    private static final long LOOP_MAX_US = 200;
    private static final long TURN_MAX_US = 500;

    /** Whoever waits that long waits in vain: some of Kafka's defaults are the largest number there is. */
    private static final long NEVER_US = TimeUnit.DAYS.toMicros(1);

    private final int nodeId;
    private final SimulatedTime time;
    private final SimulatedClock clock;
    private final SimulatedNetwork network;
    private final SplittableRandom random;
    private final Runnable ended;
    private final IntConsumer touched;
    private final List<Runnable> held = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();
    private @Nullable SteppedQuorum quorum;
    private boolean quorumScheduled;

    /** When the quorum is looked at even if nothing happens. */
    private long wakeUs = Long.MAX_VALUE;

    private boolean alive = true;
    private boolean halted;

    /**
     * @param ended what happens when the process ends itself
     * @param touched told after each event of this process
     */
    SimulatedHost(
            int nodeId,
            SimulatedTime time,
            SimulatedClock clock,
            SimulatedNetwork network,
            SplittableRandom random,
            Runnable ended,
            IntConsumer touched) {
        this.nodeId = nodeId;
        this.time = time;
        this.clock = clock;
        this.network = network;
        this.random = random;
        this.ended = ended;
        this.touched = touched;
    }

    int nodeId() {
        return nodeId;
    }

    boolean isAlive() {
        return alive;
    }

    void kill() {
        alive = false;
        held.clear();
        ports.forEach(network::shut);
        network.lost(this);
    }

    void halt() {
        halted = true;
    }

    void resume() {
        halted = false;
        List<Runnable> missed = new ArrayList<>(held);
        held.clear();
        missed.forEach(deed -> time.after(0, deed));
    }

    /** Something that happens in this process, after a delay. */
    void after(long delayUs, Runnable deed) {
        if (delayUs > NEVER_US || delayUs < 0) {
            return;
        }
        time.after(delayUs, () -> happen(deed));
    }

    private long us(long delayMs) {
        return delayMs <= 0 ? 0 : clock.trueUs(Math.min(delayMs, NEVER_US / 1_000 + 1));
    }

    private void happen(Runnable deed) {
        if (!alive) {
            return;
        }
        if (halted) {
            held.add(() -> happen(deed));
            return;
        }
        deed.run();
        touched.accept(nodeId);
        stir();
    }

    /** Whatever happened may have given the quorum something to do. */
    private void stir() {
        SteppedQuorum stepped = quorum;
        if (stepped == null || quorumScheduled || !alive || !stepped.isDue()) {
            return;
        }
        quorumScheduled = true;
        after(time.delayUs(TURN_MAX_US), () -> {
            quorumScheduled = false;
            if (stepped.turn()) {
                wakeAt(stepped.nextDeadlineMs());
            }
        });
    }

    /** One wake-up is enough: what is due later is looked for when it comes. */
    private void wakeAt(long deadlineMs) {
        if (deadlineMs == Long.MAX_VALUE) {
            return;
        }
        long timeUs = time.nowUs() + us(deadlineMs - clock.ticksMs());
        if (timeUs >= wakeUs) {
            return;
        }
        wakeUs = timeUs;
        time.after(timeUs - time.nowUs(), () -> {
            if (wakeUs == timeUs) {
                wakeUs = Long.MAX_VALUE;
                happen(this::wake);
            }
        });
    }

    private void wake() {
        SteppedQuorum stepped = quorum;
        if (stepped != null && !quorumScheduled && !stepped.isDue()) {
            wakeAt(stepped.nextDeadlineMs());
        }
    }

    @Override
    public InstantSource clock() {
        return clock;
    }

    @Override
    public LongSupplier ticksMs() {
        return clock::ticksMs;
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    @Override
    public Threads threads(String name, int count) {
        return count == 1 ? new Single() : new Several();
    }

    /** Tasks that overtake each other. */
    private class Several implements Threads {
        boolean closed;

        @Override
        public void execute(Runnable task) {
            schedule(time.delayUs(DISK_MAX_US), task);
        }

        void schedule(long delayUs, Runnable task) {
            SimulatedHost.this.after(delayUs, () -> {
                if (!closed) {
                    task.run();
                }
            });
        }

        @Override
        public void soon(Runnable task) {
            execute(task);
        }

        @Override
        public void after(long delayMs, Runnable task) {
            schedule(us(delayMs) + time.delayUs(DISK_MAX_US), task);
        }

        @Override
        public void every(long firstDelayMs, long pauseMs, Runnable task) {
            after(firstDelayMs, () -> {
                task.run();
                every(pauseMs, pauseMs, task);
            });
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    /** Tasks one after the other. */
    private final class Single extends Several {
        private long lastUs;

        @Override
        public void execute(Runnable task) {
            lastUs = Math.max(lastUs, time.nowUs() + time.delayUs(DISK_MAX_US));
            schedule(lastUs - time.nowUs(), task);
        }
    }

    @Override
    public MachineDrive machine(String name) {
        return new Machine();
    }

    private final class Machine implements MachineDrive {
        private final MachineLoop loop = new MachineLoop(clock::millis, this::wake);
        private boolean scheduled;
        private boolean closed;

        @Override
        public MachineLoop loop() {
            return loop;
        }

        private void wake() {
            if (!scheduled) {
                scheduled = true;
                after(time.delayUs(TURN_MAX_US), this::drain);
            }
        }

        private void drain() {
            scheduled = false;
            if (closed) {
                return;
            }
            if (loop.drain()) {
                wake();
            } else {
                sleep();
            }
        }

        /** Until the next deadline; the clock may be set meanwhile. */
        private void sleep() {
            long deadlineMs = loop.nextDeadlineMs();
            if (deadlineMs == Long.MAX_VALUE) {
                return;
            }
            after(us(Math.max(1, deadlineMs - clock.millis())), () -> {
                if (loop.hasWork()) {
                    wake();
                } else if (!scheduled && loop.nextDeadlineMs() == deadlineMs) {
                    sleep();
                }
            });
        }

        @Override
        public void close() {
            while (loop.drain()) {}
            closed = true;
        }
    }

    @Override
    public Loop loop() {
        return new EventLoop();
    }

    private final class EventLoop implements Loop {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private boolean current;

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
            if (tasks.size() == 1) {
                next();
            }
        }

        private void next() {
            after(time.delayUs(LOOP_MAX_US), () -> {
                current = true;
                Runnable task = tasks.element();
                try {
                    task.run();
                } finally {
                    current = false;
                    tasks.remove();
                    if (!tasks.isEmpty()) {
                        next();
                    }
                }
            });
        }

        @Override
        public Timer schedule(Runnable task, long delayMs) {
            boolean[] cancelled = {false};
            after(us(delayMs), () -> {
                if (!cancelled[0]) {
                    execute(() -> {
                        if (!cancelled[0]) {
                            task.run();
                        }
                    });
                }
            });
            return () -> cancelled[0] = true;
        }

        @Override
        public boolean isCurrent() {
            return current;
        }
    }

    @Override
    public void aside(String name, Runnable task) {
        after(0, ended);
    }

    @Override
    public QuorumNode quorum(
            QuorumSettings settings, LogShell disk, List<QuorumListener> listeners, Consumer<Throwable> fault) {
        SteppedQuorum stepped = new SteppedQuorum(
                settings,
                disk,
                (to, request) -> network.send(
                        this,
                        "quorum",
                        to.endpoint(),
                        request,
                        settings.timeouts().requestTimeoutMs()),
                ticksMs(),
                listeners,
                fault);
        quorum = stepped;
        after(0, () -> {});
        return stepped.node();
    }

    @Override
    public LeaderLink toController(Endpoint endpoint) {
        return link("controller", endpoint);
    }

    @Override
    public LeaderLink toLeader(Endpoint endpoint, Loop loop) {
        return link("leader", endpoint);
    }

    private LeaderLink link(String purpose, Endpoint endpoint) {
        return new LeaderLink() {
            private final Map<Long, CompletableFuture<Response>> open = new TreeMap<>();
            private long next;
            private boolean closed;

            @Override
            public CompletionStage<Response> send(Request request, long timeoutMs) {
                if (closed) {
                    return CompletableFuture.failedStage(new IllegalStateException("the link is closed"));
                }
                CompletableFuture<Response> answer = network.send(
                                SimulatedHost.this, purpose, endpoint, request, timeoutMs)
                        .toCompletableFuture();
                long number = next++;
                open.put(number, answer);
                var unused = answer.whenComplete((response, failure) -> open.remove(number));
                return answer;
            }

            @Override
            public void close() {
                closed = true;
                List.copyOf(open.values())
                        .forEach(answer ->
                                answer.completeExceptionally(new IllegalStateException("the link was closed")));
            }
        };
    }

    @Override
    public CompletionStage<Knock> knock(Endpoint endpoint) {
        return network.knock(this, endpoint);
    }

    @Override
    public Doors doors() {
        return new Doors() {
            private final List<Integer> opened = new ArrayList<>();

            @Override
            public InetSocketAddress open(NetworkListener listener) {
                network.open(SimulatedHost.this, listener);
                opened.add(listener.port());
                ports.add(listener.port());
                return InetSocketAddress.createUnresolved(listener.host(), listener.port());
            }

            @Override
            public void limit(ConnectionLimits limits) {
                // connections are not counted here
            }

            @Override
            public CompletionStage<Void> close(long graceMs) {
                opened.forEach(network::shut);
                return CompletableFuture.completedStage(null);
            }
        };
    }

    @Override
    public void close() {
        // the network forgets a process when it is gone
    }
}
