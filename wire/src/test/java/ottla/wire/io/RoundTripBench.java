package ottla.wire.io;

import com.sun.management.ThreadMXBean;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import ottla.base.Uuid;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ProduceRequest;
import ottla.wire.message.ProduceResponse;
import ottla.wire.message.Response;
import ottla.wire.primitive.Payload;
import ottla.wire.primitive.Reader;

/**
 * What a request costs the network alone: one-record produce requests over loopback, so many at a time on one connection, read
 * and answered without a log behind. Prints CPU time and allocation of the loop's thread per request, which is the broker's share, unlike
 * the wall clock, which is mostly the client's.
 *
 * <p>Run by {@code main}; arguments are the seconds to measure each line and, if wanted, EPOLL or NIO.
 */
public final class RoundTripBench {
    private static final int VERSION = 13;
    private static final int[] PIPELINED = {1, 5, 50, 500};
    private static final int RECORD_BYTES = 100;
    private static final int LARGE_BYTES = 1_000_000;

    private RoundTripBench() {}

    /** Reads the request without making objects of it, as the produce path does, and answers as it does. */
    private static void serve(InboundRequest request) {
        Reader body = request.body();
        Response answer = PRODUCED;
        body.rest();
        request.answer(answer);
    }

    private static final ProduceResponse PRODUCED =
            ProduceResponse.DEFAULT.withResponses(List.of(ProduceResponse.TopicProduceResponse.DEFAULT
                    .withTopicId(Uuid.ONE)
                    .withPartitionResponses(
                            List.of(ProduceResponse.PartitionProduceResponse.DEFAULT.withBaseOffset(123_456)))));

    private static ByteBuffer produce(int recordBytes) {
        ProduceRequest request = ProduceRequest.DEFAULT
                .withAcks((short) 1)
                .withTimeoutMs(30_000)
                .withTopicData(List.of(ProduceRequest.TopicProduceData.DEFAULT
                        .withTopicId(Uuid.ONE)
                        .withPartitionData(List.of(ProduceRequest.PartitionProduceData.DEFAULT.withRecords(
                                Payload.of(ByteBuffer.allocate(recordBytes)))))));
        return RawClient.frame(ApiKey.PRODUCE, VERSION, 7, "producer-1", request);
    }

    public static void main(String[] args) throws Exception {
        long seconds = args.length > 0 ? Long.parseLong(args[0]) : 5;
        EventLoops.Transport transport =
                args.length > 1 ? EventLoops.Transport.valueOf(args[1]) : EventLoops.Transport.best();
        try (EventLoops loops = new EventLoops(1, transport)) {
            NetworkServer server = new NetworkServer(loops, NetworkLimits.DEFAULT);
            InetSocketAddress address =
                    server.open(new NetworkListener("P", "127.0.0.1", 0, ServedApis.ALL, RoundTripBench::serve));
            System.out.printf("%s, loop's CPU and allocation%n", transport);
            for (int round = 0; round < 2; round++) {
                for (int pipelined : PIPELINED) {
                    measure(loops.next(), address, produce(RECORD_BYTES), pipelined, seconds);
                }
                measure(loops.next(), address, produce(LARGE_BYTES), 5, seconds);
            }
            server.close(1_000).toCompletableFuture().get(5, TimeUnit.SECONDS);
        }
    }

    private static long threadOf(Loop loop) throws Exception {
        CompletableFuture<Long> id = new CompletableFuture<>();
        loop.execute(() -> id.complete(Thread.currentThread().threadId()));
        return id.get();
    }

    private static void measure(Loop loop, InetSocketAddress address, ByteBuffer request, int pipelined, long seconds)
            throws Exception {
        byte[] batch = new byte[request.remaining() * pipelined];
        for (int i = 0; i < pipelined; i++) {
            request.get(0, batch, i * request.remaining(), request.remaining());
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = threadOf(loop);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), address.getPort())) {
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 65_536));
            long count = 0;
            long startNs = System.nanoTime();
            long cpuNs = threads.getThreadCpuTime(thread);
            long allocatedBytes = threads.getThreadAllocatedBytes(thread);
            while (System.nanoTime() - startNs < TimeUnit.SECONDS.toNanos(seconds)) {
                out.write(batch);
                for (int i = 0; i < pipelined; i++) {
                    in.skipNBytes(in.readInt());
                }
                count += pipelined;
            }
            System.out.printf(
                    "%,9d bytes x %3d: %,9d requests/s, %,9d ns CPU, %,7d bytes allocated a request%n",
                    request.remaining(),
                    pipelined,
                    count / seconds,
                    (threads.getThreadCpuTime(thread) - cpuNs) / count,
                    (threads.getThreadAllocatedBytes(thread) - allocatedBytes) / count);
        }
    }
}
