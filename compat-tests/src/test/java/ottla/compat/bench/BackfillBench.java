package ottla.compat.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import ottla.compat.BrokerProcess;
import ottla.compat.Clients;

/**
 * How long a record takes from when it was due to be sent until a consumer at the end of the log has it: in quiet; while another
 * consumer reads ten gigabytes that nobody has in memory, as fast as it can and slower; and while it reads them from memory. Beside
 * these, the same while nobody but {@code dd} reads those files, which shows how much of it is the machine's.
 */
class BackfillBench {
    private static final int GIGABYTES = Integer.getInteger("ottla.bench.gigabytes", 10);
    private static final int OLD_BATCH_BYTES = 1_000_000;
    private static final int RECORDS_PER_SECOND = 1_000;
    private static final int SECONDS = 8;

    /** What leaves the disk time for others. */
    private static final long SLOW_BYTES_PER_SECOND = 100_000_000;

    @Test
    void tailWhileAnotherReadsFromTheStart() throws Exception {
        SideBySide.compare("tail beside a reader of " + GIGABYTES + " GB", kind -> {
            Map<String, Double> figures = new LinkedHashMap<>();
            try (BrokerProcess broker = BrokerProcess.start(kind, "Backfill", Map.of())) {
                Clients clients = Clients.of(broker);
                clients.createTopic("old", 1);
                clients.createTopic("tail", 1);
                Path old = broker.dataDirectory().resolve("old-0");
                PacedProducer.run(broker.port(), "old", OLD_BATCH_BYTES, GIGABYTES * 1_000, Integer.MAX_VALUE);
                sync();
                tail(broker); // to warm up
                put(figures, "in quiet", tail(broker));
                beside(figures, "beside dd", broker, _ -> {
                    dropFromPageCache(old);
                    readWithoutBroker(old);
                });
                beside(figures, "beside a cold reader", broker, over -> {
                    dropFromPageCache(old);
                    BackfillReader.readAll(broker.port(), "old", Long.MAX_VALUE, over);
                });
                beside(figures, "beside a slower one", broker, over -> {
                    dropFromPageCache(old);
                    BackfillReader.readAll(broker.port(), "old", SLOW_BYTES_PER_SECOND, over);
                });
                readWithoutBroker(old);
                beside(
                        figures,
                        "beside a warm reader",
                        broker,
                        over -> BackfillReader.readAll(broker.port(), "old", Long.MAX_VALUE, over));
            }
            return figures;
        });
    }

    /** The tail while something else is done, again and again. */
    private static void beside(Map<String, Double> figures, String name, BrokerProcess broker, Pass pass)
            throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> passes = CompletableFuture.runAsync(
                () -> {
                    try {
                        while (!over.get()) {
                            pass.run(over::get);
                        }
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                SideBySide.THREADS);
        put(figures, name, tail(broker));
        over.set(true);
        passes.join();
    }

    @FunctionalInterface
    private interface Pass {
        void run(BooleanSupplier over) throws IOException;
    }

    private static void put(Map<String, Double> figures, String name, Tail tail) {
        figures.put("p50 " + name + ", us", SideBySide.quantile(tail.latenciesNs, 0.5) / 1e3);
        figures.put("p99 " + name + ", us", SideBySide.quantile(tail.latenciesNs, 0.99) / 1e3);
        figures.put("the machine's p99 " + name + ", us", SideBySide.quantile(tail.hiccupsNs, 0.99) / 1e3);
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

    /** Without a privilege, by the advice that dd gives when it is asked not to keep a file in memory. */
    private static void dropFromPageCache(Path directory) throws IOException {
        for (Path segment : segments(directory)) {
            run("dd", "if=" + segment, "iflag=nocache", "count=0", "status=none");
        }
    }

    private static void readWithoutBroker(Path directory) throws IOException {
        for (Path segment : segments(directory)) {
            run("dd", "if=" + segment, "of=/dev/null", "bs=8M", "status=none");
        }
    }

    private static void sync() throws IOException {
        run("sync");
    }

    private static List<Path> segments(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".log"))
                    .sorted()
                    .toList();
        }
    }

    private static void run(String... command) throws IOException {
        int status =
                new ProcessBuilder(command).inheritIO().start().onExit().join().exitValue();
        if (status != 0) {
            throw new AssertionError(String.join(" ", command) + " ended with " + status);
        }
    }
}
