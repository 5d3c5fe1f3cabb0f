package ottla.broker.io;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.base.ErrorCode;
import ottla.base.Uuid;
import ottla.wire.io.Loop;
import ottla.wire.io.PeerConnection;
import ottla.wire.message.ApiKey;
import ottla.wire.message.BrokerHeartbeatRequest;
import ottla.wire.message.BrokerHeartbeatResponse;
import ottla.wire.message.BrokerRegistrationRequest;
import ottla.wire.message.BrokerRegistrationResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * Keeps this broker registered with the controller (KIP-500, KIP-631): registers it, asks to be unfenced as soon as it has caught
 * up with its registration, sends heartbeats, and at the end asks to be let go.
 *
 * <pre>
 *   connecting -> registering -> fenced -> unfenced -> leaving -> gone
 *        ^------------------------- connection lost: again from the start, with the same epoch if there is one
 * </pre>
 *
 * <p>All state belongs to one loop. {@link #start}, {@link #metadataReached} and {@link #leave} may be called from any thread.
 */
final class BrokerLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerLifecycle.class);

    /** Between two attempts to reach the controller: short, since a whole start should take less than a second. */
    private static final long RETRY_MS = 50;

    private final Loop loop;
    private final Supplier<CompletionStage<PeerConnection>> connect;
    private final BrokerRegistrationRequest registration;
    private final LongSupplier metadataOffset;
    private final Runnable unreportable;
    private final Settings settings;
    private final CompletableFuture<Void> registered = new CompletableFuture<>();
    private final CompletableFuture<Void> unfenced = new CompletableFuture<>();
    private final CompletableFuture<Void> gone = new CompletableFuture<>();

    private @Nullable PeerConnection connection;
    private Loop.@Nullable Timer timer;
    private volatile long epoch = -1;
    private final Map<Uuid, Report> failedDirectories = new LinkedHashMap<>();
    private boolean asking;
    private boolean leaving;

    /**
     * @param heartbeatIntervalMs {@code broker.heartbeat.interval.ms}
     * @param directoryFailureTimeoutMs {@code log.dir.failure.timeout.ms}
     * @param jitter spreads the heartbeats of a cluster's brokers
     */
    record Settings(int brokerId, int heartbeatIntervalMs, long directoryFailureTimeoutMs, Random jitter) {}

    /** A directory that failed, which every heartbeat names from then on. */
    private enum Report {
        DUE,
        SENT,
        KNOWN
    }

    /**
     * @param connect connects to the active controller
     * @param metadataOffset the offset up to which this broker has applied the metadata log
     * @param unreportable what happens when the controller does not learn in time of a directory that failed
     */
    BrokerLifecycle(
            Loop loop,
            Supplier<CompletionStage<PeerConnection>> connect,
            BrokerRegistrationRequest registration,
            LongSupplier metadataOffset,
            Runnable unreportable,
            Settings settings) {
        this.loop = loop;
        this.connect = connect;
        this.registration = registration;
        this.metadataOffset = metadataOffset;
        this.unreportable = unreportable;
        this.settings = settings;
    }

    /** Completes when the controller has unfenced this broker. */
    CompletionStage<Void> start() {
        loop.execute(this::connect);
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

    /**
     * Sends something else to the controller, over the same connection; fails if there is none, or this broker is not registered.
     * The request is given the epoch of the registration.
     */
    CompletionStage<Response> send(ApiKey api, LongFunction<Request> request) {
        CompletableFuture<Response> answer = new CompletableFuture<>();
        loop.execute(() -> {
            PeerConnection open = connection;
            if (open == null || epoch < 0) {
                answer.completeExceptionally(new IllegalStateException("not registered with the controller"));
                return;
            }
            open.send(api, api.maxVersion(), request.apply(epoch)).whenComplete((response, failure) -> {
                if (failure == null) {
                    answer.complete(response);
                } else {
                    answer.completeExceptionally(failure);
                }
            });
        });
        return answer;
    }

    /** Asks the controller to hand over what this broker leads; completes when it may stop. */
    CompletionStage<Void> leave() {
        loop.execute(() -> {
            leaving = true;
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
            PeerConnection open = connection;
            if (open != null) {
                open.close();
            }
        });
    }

    private void connect() {
        connect.get()
                .whenComplete((made, failure) -> loop.execute(() -> {
                    if (failure != null) {
                        LOG.debug("No connection to the controller: {}", failure.getMessage());
                        again(this::connect, RETRY_MS);
                        return;
                    }
                    connection = made;
                    if (epoch < 0) {
                        register();
                    } else {
                        beat();
                    }
                }));
    }

    private void register() {
        ask(ApiKey.BROKER_REGISTRATION, registration, response -> {
            BrokerRegistrationResponse answer = (BrokerRegistrationResponse) response;
            ErrorCode error = ErrorCode.of(answer.errorCode());
            if (error != ErrorCode.NONE) {
                LOG.warn("The controller refused to register this broker: {}; trying again", error);
                again(this::register, RETRY_MS);
                return;
            }
            epoch = answer.brokerEpoch();
            LOG.info("Registered with the controller, broker epoch {}", epoch);
            registered.complete(null);
            beat();
        });
    }

    private void beat() {
        if (asking || connection == null || gone.isDone()) {
            return;
        }
        if (epoch < 0) {
            return;
        }
        cancelTimer();
        failedDirectories.replaceAll((directory, report) -> report == Report.DUE ? Report.SENT : report);
        BrokerHeartbeatRequest heartbeat = BrokerHeartbeatRequest.DEFAULT
                .withBrokerId(settings.brokerId)
                .withBrokerEpoch(epoch)
                .withCurrentMetadataOffset(metadataOffset.getAsLong())
                .withWantFence(false)
                .withWantShutDown(leaving)
                .withOfflineLogDirs(List.copyOf(failedDirectories.keySet()));
        ask(ApiKey.BROKER_HEARTBEAT, heartbeat, response -> beaten((BrokerHeartbeatResponse) response));
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
            // whoever waits for something asks again soon; metadataReached() asks sooner still
            boolean waits = leaving
                    || failedDirectories.containsValue(Report.DUE)
                    || (answer.isFenced() && metadataOffset.getAsLong() >= epoch);
            again(this::beat, waits ? RETRY_MS : interval());
        }
    }

    private long interval() {
        // up to a tenth earlier or later
        return (long) settings.heartbeatIntervalMs
                + settings.jitter.nextInt(-settings.heartbeatIntervalMs / 10, settings.heartbeatIntervalMs / 10 + 1);
    }

    private void ask(ApiKey api, Request request, java.util.function.Consumer<Response> taken) {
        PeerConnection open = connection;
        if (open == null) {
            return;
        }
        asking = true;
        open.send(api, api.maxVersion(), request)
                .whenComplete((response, failure) -> loop.execute(() -> {
                    asking = false;
                    if (failure == null) {
                        taken.accept(response);
                        return;
                    }
                    LOG.debug("The controller did not answer {}: {}", api.title(), failure.getMessage());
                    open.close();
                    connection = null;
                    if (leaving) {
                        // whoever could take over will notice that this broker is gone
                        gone.complete(null);
                    } else {
                        again(this::connect, RETRY_MS);
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
