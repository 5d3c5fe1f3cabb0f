package ottla.replication.io;

import java.util.concurrent.CompletionStage;
import ottla.wire.message.Request;
import ottla.wire.message.Response;

/** The way of a fetcher to one leader. */
public interface LeaderLink extends AutoCloseable {
    /** Sends a request. The stage may complete on any thread, and fails if there is no answer within the time. */
    CompletionStage<Response> send(Request request, long timeoutMs);

    /** Fails what is not answered yet, and everything from now on. */
    @Override
    void close();
}
