package ottla.compat.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.Records;
import org.junit.jupiter.api.Test;
import ottla.compat.BrokerProcess;
import ottla.compat.Clients;
import ottla.compat.RawConnection;

/**
 * How long a record takes from when it was due to be sent until a consumer at the end of the log has it, in quiet and while another
 * consumer reads ten gigabytes that nobody has in memory.
 */
class BackfillBench {
    private static final int GIGABYTES = Integer.getInteger("ottla.bench.gigabytes", 10);
    private static final int OLD_BATCH_BYTES = 1_000_000;
    private static final int RECORDS_PER_SECOND = 1_000;
    private static final int SECONDS = 8;

    @Test
    void tailWhileAnotherReadsFromTheStart() throws Exception {
        SideBySide.compare("tail beside a reader of " + GIGABYTES + " GB", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (BrokerProcess broker = BrokerProcess.start(kind, "Backfill", Map.of())) {
                Clients clients = Clients.of(broker);
                clients.createTopic("old", 1);
                clients.createTopic("tail", 1);
                PacedProducer.run(broker.port(), "old", OLD_BATCH_BYTES, GIGABYTES * 1_000, Integer.MAX_VALUE);
                dropFromPageCache(broker.dataDirectory().resolve("old-0"));
                tail(broker); // to warm up
                Tail quiet = tail(broker);
                CompletableFuture<Double> reading =
                        CompletableFuture.supplyAsync(() -> secondsToReadAll(broker), SideBySide.THREADS);
                Tail disturbed = tail(broker);
                double readSeconds = reading.get();
                if (readSeconds < SECONDS) {
                    throw new AssertionError("the reader was done in " + readSeconds + " s: -Dottla.bench.gigabytes=");
                }
                for (double share : new double[] {0.5, 0.9, 0.99}) {
                    double quietUs = SideBySide.quantile(quiet.latenciesNs, share) / 1e3;
                    double disturbedUs = SideBySide.quantile(disturbed.latenciesNs, share) / 1e3;
                    figures.put("p" + 100 * share + " in quiet, us", quietUs);
                    figures.put("p" + 100 * share + " beside the reader, us", disturbedUs);
                    figures.put("p" + 100 * share + ", times of quiet", disturbedUs / quietUs);
                }
                figures.put("the machine's p99 in quiet, us", SideBySide.quantile(quiet.hiccupsNs, 0.99) / 1e3);
                figures.put("the machine's p99 beside it, us", SideBySide.quantile(disturbed.hiccupsNs, 0.99) / 1e3);
                figures.put("the reader, ms per GB", readSeconds * 1e3 / GIGABYTES);
            }
            return figures;
        });
    }

    private static final class Tail {
        final long[] latenciesNs;
        final long[] hiccupsNs;

        Tail(long[] latenciesNs, long[] hiccupsNs) {
            this.latenciesNs = latenciesNs;
            this.hiccupsNs = hiccupsNs;
        }
    }

    private static Tail tail(BrokerProcess broker) throws Exception {
        try (Hiccups hiccups = Hiccups.watch()) {
            long[] latenciesNs =
                    TailReader.latenciesNs(broker, "tail", SECONDS * RECORDS_PER_SECOND, RECORDS_PER_SECOND);
            return new Tail(latenciesNs, hiccups.delaysNs());
        }
    }

    private static double secondsToReadAll(BrokerProcess broker) {
        long beginNs = System.nanoTime();
        try (RawConnection connection = new RawConnection(broker.port())) {
            long offset = 0;
            for (long next = readFrom(connection, offset); next > offset; next = readFrom(connection, offset)) {
                offset = next;
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return (System.nanoTime() - beginNs) / 1e9;
    }

    private static long readFrom(RawConnection connection, long offset) throws IOException {
        FetchRequestData request = new FetchRequestData()
                .setMaxWaitMs(0)
                .setMinBytes(0)
                .setMaxBytes(50 << 20)
                .setSessionEpoch(-1)
                .setTopics(List.of(new FetchRequestData.FetchTopic()
                        .setTopic("old")
                        .setPartitions(List.of(new FetchRequestData.FetchPartition()
                                .setPartition(0)
                                .setFetchOffset(offset)
                                .setPartitionMaxBytes(8 << 20)))));
        FetchResponseData response = (FetchResponseData) connection.ask(ApiKeys.FETCH, 12, request);
        FetchResponseData.PartitionData data =
                response.responses().getFirst().partitions().getFirst();
        if (data.errorCode() != 0) {
            throw new AssertionError("error " + data.errorCode() + " at offset " + offset);
        }
        long next = offset;
        for (RecordBatch batch : ((Records) data.records()).batches()) {
            next = batch.nextOffset();
        }
        return next;
    }

    /** Without a privilege, by the advice that dd gives when it is asked not to keep a file in memory. */
    private static void dropFromPageCache(Path directory) throws IOException, InterruptedException {
        run("sync");
        try (DirectoryStream<Path> segments = Files.newDirectoryStream(directory, "*.log")) {
            for (Path segment : segments) {
                run("dd", "if=" + segment, "iflag=nocache", "count=0", "status=none");
            }
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        int status = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (status != 0) {
            throw new AssertionError(String.join(" ", command) + " ended with " + status);
        }
    }
}
