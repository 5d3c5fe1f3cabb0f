package ottla.broker.io;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.wire.io.Loop;
import ottla.wire.message.BrokerHeartbeatRequest;
import ottla.wire.message.BrokerHeartbeatResponse;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.BrokerRegistrationResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * Keeps this broker registered with the active controller (KIP-500, KIP-631): registers it, asks to be unfenced as soon as it has
 * caught up with its registration, sends heartbeats, and at the end asks to be let go. What got no answer is asked again, of
 * whoever is active by then.
 *
 * <pre>
 *   registering -> fenced <-> unfenced -> leaving -> gone
 *        ^------------- the controller does not know the registration
 * </pre>
 *
 * <p>All state belongs to one loop. {@link #start}, {@link #metadataReached} and {@link #leave} may be called from any thread.
 */
final class BrokerLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerLifecycle.class);

    /** Between two attempts to reach the controller: short, since a whole start should take less than a second. */
    private static final long RETRY_MS = 50;

    /** A broker that wants to stop and gets no answer from any controller for this long stops without. */
    private static final long LEAVE_UNHEARD_MS = 5_000;

    private final Loop loop;
    private final Function<Request, CompletionStage<Response>> controller;
    private final BrokerRegistrationRequest registration;
    private final LongSupplier metadataOffset;
    private final Runnable unreportable;
    private final Settings settings;
    private final CompletableFuture<Void> registered = new CompletableFuture<>();
    private final CompletableFuture<Void> unfenced = new CompletableFuture<>();
    private final CompletableFuture<Void> gone = new CompletableFuture<>();

    private Loop.@Nullable Timer timer;
    private volatile long epoch = -1;
    private final Map<Uuid, Report> failedDirectories = new LinkedHashMap<>();
    private ErrorCode lastRefusal = ErrorCode.NONE;
    private boolean asking;
    private boolean leaving;
    private boolean steppingBack;
    private @Nullable List<Uuid> cordoned;
    private boolean cordonedDue;
    private boolean registrationDue;
    private long unheardSinceMs;

    /**
     * @param heartbeatIntervalMs {@code broker.heartbeat.interval.ms}
     * @param directoryFailureTimeoutMs {@code log.dir.failure.timeout.ms}
     * @param jitter spreads the heartbeats of a cluster's brokers
     */
    record Settings(
            int brokerId,
            int heartbeatIntervalMs,
            long directoryFailureTimeoutMs,
            Random jitter,
            LongSupplier ticksMs) {}

    /** A directory that failed, which every heartbeat names from then on. */
    private enum Report {
        DUE,
        SENT,
        KNOWN
    }

    /**
     * @param controller sends a request to the active controller once
     * @param metadataOffset the offset up to which this broker has applied the metadata log
     * @param unreportable what happens when the controller does not learn in time of a directory that failed
     */
    BrokerLifecycle(
            Loop loop,
            Function<Request, CompletionStage<Response>> controller,
            BrokerRegistrationRequest registration,
            LongSupplier metadataOffset,
            Runnable unreportable,
            Settings settings) {
        this.loop = loop;
        this.controller = controller;
        this.registration = registration;
        this.metadataOffset = metadataOffset;
        this.unreportable = unreportable;
        this.settings = settings;
    }

    /** Completes when the controller has unfenced this broker. */
    CompletionStage<Void> start() {
        loop.execute(this::register);
        return unfenced;
    }

    /** Completes when the controller has published the registration, and so knows all that was committed before. */
    CompletionStage<Void> registered() {
        return registered;
    }

    /** The epoch of the registration; -1 before the first. */
    long epoch() {
        return epoch;
    }

    /** The broker has applied the metadata log further: perhaps far enough to be unfenced. */
    void metadataReached(long offset) {
        if (!unfenced.isDone() && epoch >= 0 && offset >= epoch) {
            loop.execute(this::beat);
        }
    }

    /** What the controller keeps of the registration is not all there is to say: it is sent again, by the same incarnation. */
    void registerAgain() {
        loop.execute(() -> {
            registrationDue = true;
            beat();
        });
    }

    /** Whether this broker wants to be fenced for the time being, though it lives. */
    void stepBack(boolean wanted) {
        loop.execute(() -> {
            steppingBack = wanted;
            beat();
        });
    }

    /**
     * Into which directories no new replicas are wanted (KIP-1066): the controller learns it at once. As long as there never was one,
     * nothing is said of it, so that controllers that do not know of such directories are not asked to.
     */
    void cordon(List<Uuid> directories) {
        loop.execute(() -> {
            boolean news = cordoned == null ? !directories.isEmpty() : !cordoned.equals(directories);
            if (news) {
                cordoned = List.copyOf(directories);
                cordonedDue = true;
                beat();
            }
        });
    }

    /** A log directory failed: the controller is told at once, so that others lead what is there (KIP-858). */
    void directoryFailed(Uuid directory) {
        loop.execute(() -> {
            if (failedDirectories.putIfAbsent(directory, Report.DUE) == null) {
                loop.schedule(
                        () -> {
                            if (failedDirectories.get(directory) != Report.KNOWN && !gone.isDone()) {
                                unreportable.run();
                            }
                        },
                        settings.directoryFailureTimeoutMs);
                beat();
            }
        });
    }

    /** Sends something else to the controller, with the epoch of the registration; fails if this broker is not registered. */
    CompletionStage<Response> send(LongFunction<Request> request) {
        long known = epoch;
        return known < 0
                ? CompletableFuture.failedStage(new IllegalStateException("not registered with the controller"))
                : controller.apply(request.apply(known));
    }

    /** Asks the controller to hand over what this broker leads; completes when it may stop. */
    CompletionStage<Void> leave() {
        loop.execute(() -> {
            leaving = true;
            unheardSinceMs = settings.ticksMs.getAsLong();
            if (epoch < 0) {
                gone.complete(null);
            } else {
                beat();
            }
        });
        return gone;
    }

    /** Stops without asking anybody. */
    void close() {
        loop.execute(() -> {
            leaving = true;
            gone.complete(null);
            cancelTimer();
        });
    }

    private void register() {
        ask(registration, this::register, response -> {
            BrokerRegistrationResponse answer = (BrokerRegistrationResponse) response;
            ErrorCode error = ErrorCode.of(answer.errorCode());
            if (error != ErrorCode.NONE) {
                if (error != lastRefusal) {
                    lastRefusal = error;
                    LOG.warn("The controller refused to register this broker: {}; trying again", error);
                }
                again(this::register, RETRY_MS);
                return;
            }
            lastRefusal = ErrorCode.NONE;
            epoch = answer.brokerEpoch();
            LOG.info("Registered with the controller, broker epoch {}", epoch);
            registered.complete(null);
            beat();
        });
    }

    private void beat() {
        if (asking || epoch < 0 || gone.isDone()) {
            return;
        }
        cancelTimer();
        if (registrationDue && !leaving) {
            registrationDue = false;
            register();
            return;
        }
        failedDirectories.replaceAll((directory, report) -> report == Report.DUE ? Report.SENT : report);
        cordonedDue = false;
        BrokerHeartbeatRequest heartbeat = BrokerHeartbeatRequest.DEFAULT
                .withBrokerId(settings.brokerId)
                .withBrokerEpoch(epoch)
                .withCurrentMetadataOffset(metadataOffset.getAsLong())
                .withWantFence(steppingBack)
                .withWantShutDown(leaving)
                .withOfflineLogDirs(List.copyOf(failedDirectories.keySet()))
                .withCordonedLogDirs(cordoned);
        ask(heartbeat, this::beat, response -> beaten((BrokerHeartbeatResponse) response));
    }

    private void beaten(BrokerHeartbeatResponse answer) {
        ErrorCode error = ErrorCode.of(answer.errorCode());
        if (error == ErrorCode.STALE_BROKER_EPOCH || error == ErrorCode.BROKER_ID_NOT_REGISTERED) {
            LOG.warn("The controller does not know this broker's registration any more ({}); registering again", error);
            epoch = -1;
            again(this::register, RETRY_MS);
        } else if (error != ErrorCode.NONE) {
            LOG.debug("The controller refused a heartbeat: {}", error);
            again(this::beat, RETRY_MS);
        } else if (leaving && answer.shouldShutDown()) {
            gone.complete(null);
        } else {
            if (!answer.isFenced()) {
                unfenced.complete(null);
            }
            failedDirectories.replaceAll((directory, report) -> report == Report.SENT ? Report.KNOWN : report);
            if (cordonedDue || failedDirectories.containsValue(Report.DUE)) {
                // there was something new to say while the answer was on its way
                beat();
                return;
            }
            // whoever waits for something asks again soon; metadataReached() asks sooner still
            boolean waits = leaving || (answer.isFenced() != steppingBack && metadataOffset.getAsLong() >= epoch);
            again(this::beat, waits ? RETRY_MS : interval());
        }
    }

    private long interval() {
        // up to a tenth earlier or later
        return (long) settings.heartbeatIntervalMs
                + settings.jitter.nextInt(-settings.heartbeatIntervalMs / 10, settings.heartbeatIntervalMs / 10 + 1);
    }

    private void ask(Request request, Runnable retry, Consumer<Response> taken) {
        asking = true;
        controller
                .apply(request)
                .whenComplete((response, failure) -> loop.execute(() -> {
                    asking = false;
                    if (failure == null) {
                        unheardSinceMs = settings.ticksMs.getAsLong();
                        taken.accept(response);
                        return;
                    }
                    LOG.debug(
                            "The controller did not answer {}: {}",
                            request.apiKey().title(),
                            failure.getMessage());
                    if (leaving && settings.ticksMs.getAsLong() - unheardSinceMs > LEAVE_UNHEARD_MS) {
                        // whoever could take over will notice that this broker is gone
                        gone.complete(null);
                    } else {
                        again(retry, RETRY_MS);
                    }
                }));
    }

    private void again(Runnable what, long delayMs) {
        if (!gone.isDone()) {
            cancelTimer();
            timer = loop.schedule(what, delayMs);
        }
    }

    private void cancelTimer() {
        Loop.Timer running = timer;
        if (running != null) {
            running.cancel();
            timer = null;
        }
    }
}
