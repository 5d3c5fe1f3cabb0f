package ottla.broker.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;
import ottla.wire.io.ConnectionLimits;
import ottla.wire.io.NetworkListener;

/** Where others reach a node: ports of this machine, or those of a simulated one. */
interface Doors {
    /** Opens a listener, and says where it is bound. */
    InetSocketAddress open(NetworkListener listener) throws IOException;

    /** From now on so many connections are taken. */
    void limit(ConnectionLimits limits);

    /** Takes nothing more; completes when what was under way is answered, or so much time is over. */
    CompletionStage<Void> close(long graceMs);
}
