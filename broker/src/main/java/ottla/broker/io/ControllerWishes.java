package ottla.broker.io;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.log.io.Background;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/**
 * What this broker wants of the active controller, until it is settled: what came together since the last request goes in the next,
 * and what was not settled is asked again after a pause.
 *
 * <p>Safe for use by several threads. Lives as long as the node; nothing is sent before {@link #over}.
 *
 * @param <K> what a wish is about; a newer wish replaces an older one
 */
final class ControllerWishes<K, W> {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerWishes.class);

    /** A request of this many is about 100 KB. */
    private static final int WISHES_MAX = 2_000;

    private final Form<K, W> form;
    private final Background threads;
    private final long pauseMinMs;
    private final long pauseMaxMs;

    // Guarded by this.
    private final Map<K, W> pending = new LinkedHashMap<>();
    private Wire wire = request -> CompletableFuture.failedStage(new IllegalStateException("not registered yet"));
    private boolean sending;
    private long pauseMs;

    /** How a request gets to the controller: {@link BrokerLifecycle#send}. */
    @FunctionalInterface
    interface Wire {
        CompletionStage<Response> send(LongFunction<Request> request);
    }

    /** The request and the response that wishes travel in. */
    interface Form<K, W> {
        Request request(long brokerEpoch, Map<K, W> wishes);

        /** The wishes that need not be sent again, each with what follows unless a newer one has replaced it. */
        Map<K, Runnable> settled(Response answer, Map<K, W> sent);
    }

    ControllerWishes(Form<K, W> form, Background threads, long pauseMinMs, long pauseMaxMs) {
        this.form = form;
        this.threads = threads;
        this.pauseMinMs = pauseMinMs;
        this.pauseMaxMs = pauseMaxMs;
        this.pauseMs = pauseMinMs;
    }

    /** From now on the controller can be reached. */
    synchronized void over(Wire next) {
        wire = next;
    }

    void add(K about, W wish) {
        synchronized (this) {
            pending.put(about, wish);
            if (sending) {
                return;
            }
            sending = true;
        }
        threads.soon(this::send);
    }

    private void send() {
        Map<K, W> sent = new LinkedHashMap<>();
        Wire now;
        synchronized (this) {
            for (Map.Entry<K, W> entry : pending.entrySet()) {
                if (sent.size() == WISHES_MAX) {
                    break;
                }
                sent.put(entry.getKey(), entry.getValue());
            }
            now = wire;
            if (sent.isEmpty()) {
                sending = false;
                return;
            }
        }
        now.send(epoch -> form.request(epoch, sent))
                .whenComplete((answer, failure) -> threads.soon(() -> {
                    if (failure == null) {
                        taken(answer, sent);
                    } else {
                        LOG.debug("The controller did not answer {} wishes: {}", sent.size(), failure.getMessage());
                        again();
                    }
                }));
    }

    private void taken(Response answer, Map<K, W> sent) {
        Map<K, Runnable> settled = form.settled(answer, sent);
        List<Runnable> effects = new ArrayList<>();
        synchronized (this) {
            sent.forEach((about, wish) -> {
                Runnable effect = settled.get(about);
                if (effect != null && pending.remove(about, wish)) {
                    effects.add(effect);
                }
            });
        }
        effects.forEach(Runnable::run);
        if (settled.keySet().containsAll(sent.keySet())) {
            synchronized (this) {
                pauseMs = pauseMinMs;
            }
            send();
        } else {
            again();
        }
    }

    private void again() {
        long waitMs;
        synchronized (this) {
            waitMs = pauseMs;
            pauseMs = Math.min(pauseMaxMs, 2 * pauseMs);
        }
        threads.after(waitMs, this::send);
    }
}
