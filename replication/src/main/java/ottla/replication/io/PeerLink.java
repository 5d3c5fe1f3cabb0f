package ottla.replication.io;

import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.ClientSoftware;
import ottla.wire.io.NetworkClient;
import ottla.wire.io.PeerConnection;
import ottla.wire.io.PeerFailure;
import ottla.wire.io.PeerVersions;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.primitive.UnsupportedField;

/**
 * The way to one address: a connection that is made when something is to be sent, and made anew after it was lost. The versions
 * of each connection are asked for before its first request, since another software may answer there by then.
 *
 * <p>Any thread may call; what hangs on the stages runs on the connection's loop. A peer that cannot be reached is left in peace
 * for a while, a little longer each time: what is sent meanwhile fails at once.
 */
public final class PeerLink implements LeaderLink {
    /** Kafka's pauses between two attempts of a controller to reach another. */
    private static final long PAUSE_MIN_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final long PAUSE_MAX_NS = TimeUnit.MILLISECONDS.toNanos(500);

    private final NetworkClient client;
    private final ClientSoftware software;
    private final String clientId;
    private final Endpoint endpoint;

    // Guarded by this.
    private @Nullable CompletableFuture<Session> session;
    private long pauseNs = PAUSE_MIN_NS;
    private long notBeforeNs = System.nanoTime();
    private boolean closed;

    /** A connection whose peer has told what it serves. */
    private record Session(PeerConnection connection, PeerVersions versions) {}

    public PeerLink(NetworkClient client, ClientSoftware software, String clientId, Endpoint endpoint) {
        this.client = client;
        this.software = software;
        this.clientId = clientId;
        this.endpoint = endpoint;
    }

    public Endpoint endpoint() {
        return endpoint;
    }

    /**
     * Sends a request in the newest version that both sides know. Fails with {@link UnsupportedField} if no such version can carry
     * it, and with another exception if there is no answer within the time, the connection's making included.
     */
    @Override
    public CompletionStage<Response> send(Request request, long timeoutMs) {
        CompletableFuture<Response> answer = new CompletableFuture<>();
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        var unused = session().whenComplete((open, failure) -> {
            if (failure != null) {
                answer.completeExceptionally(cause(failure));
            } else {
                send(open, request, deadlineNs, answer);
            }
        });
        return answer;
    }

    private void send(Session open, Request request, long deadlineNs, CompletableFuture<Response> answer) {
        ApiKey api = request.apiKey();
        OptionalInt version =
                open.versions().newest(api, api.latestVersionUnstable() ? api.maxVersion() - 1 : api.maxVersion());
        long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
        if (version.isEmpty()) {
            answer.completeExceptionally(
                    new IllegalStateException(endpoint + " serves no version of " + api.title() + " that is known"));
        } else if (leftMs <= 0) {
            // who asked has given up, and perhaps asked again
            answer.completeExceptionally(new IllegalStateException(endpoint + " was not reached in time"));
        } else {
            open.connection().send(api, version.getAsInt(), request, leftMs).whenComplete((response, failure) -> {
                if (failure == null) {
                    answer.complete(response);
                } else {
                    answer.completeExceptionally(cause(failure));
                }
            });
        }
    }

    /** What went wrong, without what the stages wrap around it; a field that the version cannot carry is named by itself. */
    private static Throwable cause(Throwable failure) {
        Throwable inner =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return inner instanceof PeerFailure && inner.getCause() instanceof UnsupportedField field ? field : inner;
    }

    private CompletableFuture<Session> session() {
        CompletableFuture<Session> made;
        synchronized (this) {
            CompletableFuture<Session> present = session;
            if (present != null && !isLost(present)) {
                return present;
            }
            if (closed || notBeforeNs - System.nanoTime() > 0) {
                return CompletableFuture.failedFuture(
                        new IllegalStateException("no connection to " + endpoint + " for now"));
            }
            made = new CompletableFuture<>();
            session = made;
        }
        connect(made);
        return made;
    }

    private static boolean isLost(CompletableFuture<Session> session) {
        return session.isDone()
                && (session.isCompletedExceptionally()
                        || !session.join().connection().isOpen());
    }

    private void connect(CompletableFuture<Session> made) {
        client.connect(endpoint.host(), endpoint.port(), clientId).whenComplete((connection, failure) -> {
            if (failure != null) {
                failed(made, failure);
            } else {
                negotiate(connection, made);
            }
        });
    }

    private void negotiate(PeerConnection connection, CompletableFuture<Session> made) {
        connection.negotiate(software).whenComplete((versions, failure) -> {
            if (failure != null) {
                connection.close();
                failed(made, failure);
                return;
            }
            boolean late;
            synchronized (this) {
                pauseNs = PAUSE_MIN_NS;
                late = closed;
            }
            if (late) {
                connection.close();
            }
            made.complete(new Session(connection, versions));
        });
    }

    private void failed(CompletableFuture<Session> made, Throwable failure) {
        synchronized (this) {
            notBeforeNs = System.nanoTime() + pauseNs;
            pauseNs = Math.min(PAUSE_MAX_NS, 2 * pauseNs);
        }
        made.completeExceptionally(cause(failure));
    }

    /** Fails what is not answered yet, and everything from now on. */
    @Override
    public void close() {
        CompletableFuture<Session> present;
        synchronized (this) {
            closed = true;
            present = session;
        }
        if (present != null) {
            var unused = present.thenAccept(open -> open.connection().close());
        }
    }
}
