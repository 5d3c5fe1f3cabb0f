package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** kcat, which stands for every client on librdkafka. */
@OnEachBroker
class KcatTest {
    private static final Path KCAT = Path.of("/usr/bin/kcat");

    private final BrokerProcess broker;

    KcatTest(BrokerProcess broker) {
        this.broker = broker;
    }

    @BeforeEach
    void kcatIsInstalled() {
        assumeTrue(Files.isExecutable(KCAT), "kcat is not installed: what it would show was NOT RUN");
    }

    @Test
    void theBrokerAndItsTopicsAreListed() {
        StockTools.of(broker).createTopic("listed", 2);

        List<String> lines = kcat("", "-L", "-t", "listed").lines();

        assertThat(lines)
                .contains(
                        "  broker 1 at " + broker.bootstrap() + " (controller)",
                        "  topic \"listed\" with 2 partitions:",
                        "    partition 0, leader 1, replicas: 1, isrs: 1",
                        "    partition 1, leader 1, replicas: 1, isrs: 1");
    }

    @Test
    void everyCodecAndHeadersAreReadBack() {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            kcat("k:from " + codec + "\n", "-P", "-t", "coded", "-K:", "-z", codec, "-H", "codec=" + codec, "-p", "0")
                    .succeeded();
        }

        List<String> lines = kcat("", "-C", "-t", "coded", "-e", "-q", "-f", "%o %k=%s %h\\n")
                .lines();

        assertThat(lines)
                .containsExactly(
                        "0 k=from none codec=none",
                        "1 k=from gzip codec=gzip",
                        "2 k=from snappy codec=snappy",
                        "3 k=from lz4 codec=lz4",
                        "4 k=from zstd codec=zstd");
    }

    @Test
    void anIdempotentProducerIsServed() {
        kcat("a\nb\nc\n", "-P", "-t", "sure", "-X", "enable.idempotence=true").succeeded();

        assertThat(kcat("", "-C", "-t", "sure", "-e", "-q").lines()).containsExactly("a", "b", "c");
    }

    @Test
    void aGroupReadsEverythingOnceAndGoesOn() {
        kcat("one\ntwo\n", "-P", "-t", "shared").succeeded();
        String[] group = {"-e", "-q", "-X", "auto.offset.reset=earliest", "-G", "kcat-group", "shared"};
        assertThat(kcat("", group).lines()).containsExactly("one", "two");

        kcat("three\n", "-P", "-t", "shared").succeeded();

        assertThat(kcat("", group).lines()).containsExactly("three");
    }

    @Test
    void offsetsAreQueriedByTime() {
        kcat("x\ny\n", "-P", "-t", "timed").succeeded();

        assertThat(kcat("", "-Q", "-t", "timed:0:-1").lines()).containsExactly("timed [0] offset 2");
        assertThat(kcat("", "-Q", "-t", "timed:0:-2").lines()).containsExactly("timed [0] offset 0");
        assertThat(kcat("", "-Q", "-t", "timed:0:1").lines()).containsExactly("timed [0] offset 0");
    }

    private ToolRun kcat(String input, String... arguments) {
        List<String> command = new ArrayList<>(List.of(KCAT.toString(), "-b", broker.bootstrap()));
        command.addAll(List.of(arguments));
        return ToolRun.run(command, input);
    }
}
