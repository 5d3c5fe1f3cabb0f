package ottla.wire.io;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A server on a free port of the loopback interface. Closing it checks that no connection and no buffer is left over.
 */
final class ServerFixture implements AutoCloseable {
    static final long GRACE_MS = 5_000;

    final EventLoops loops;
    final NetworkServer server;
    final InetSocketAddress address;

    ServerFixture(NetworkLimits limits, RequestHandler handler) throws IOException {
        this(EventLoops.Transport.best(), limits, ServedApis.ALL, handler);
    }

    ServerFixture(EventLoops.Transport transport, NetworkLimits limits, ServedApis served, RequestHandler handler)
            throws IOException {
        loops = new EventLoops(1, transport);
        server = new NetworkServer(loops, limits);
        address = server.open(new NetworkListener("PLAINTEXT", "127.0.0.1", 0, served, handler));
    }

    /** A handler that only collects. */
    static final class Inbox implements RequestHandler {
        private final BlockingQueue<InboundRequest> arrived = new LinkedBlockingQueue<>();

        @Override
        public void handle(InboundRequest request) {
            arrived.add(request);
        }

        InboundRequest take() throws InterruptedException {
            InboundRequest request = arrived.poll(10, TimeUnit.SECONDS);
            assertThat(request).as("a request").isNotNull();
            return Objects.requireNonNull(request);
        }

        int size() {
            return arrived.size();
        }
    }

    Loop loop() {
        return loops.loops().get(0);
    }

    /** Bytes of pooled memory that something still holds. */
    long pinnedBytes() {
        return ((PooledByteBufAllocator) loops.memory()).pinnedDirectMemory();
    }

    @Override
    public void close() {
        server.close(GRACE_MS)
                .toCompletableFuture()
                .orTimeout(2 * GRACE_MS, TimeUnit.MILLISECONDS)
                .join();
        assertThat(server.connectionCount()).isZero();
        Await.until("all buffers are released", () -> pinnedBytes() == 0);
        loops.close();
    }
}
