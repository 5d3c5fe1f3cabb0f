package ottla.broker.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import ottla.broker.io.Host.Knock;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageDelta;
import ottla.replication.io.ManualLoop;
import ottla.replication.quorum.Endpoint;
import ottla.wire.io.MemoryConnection;
import ottla.wire.message.metadata.RegisterBrokerRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerEndpoint;

/** A broker 4 that is registered in epoch 9 and not fenced, and an active controller whose heartbeat interval is 1,000 ms. */
class BrokerWatchTest {
    private static final int BROKER = 4;
    private static final long EPOCH = 9;

    private final ManualLoop loop = new ManualLoop();
    private final MemoryConnection connection = new MemoryConnection("CONTROLLER", loop);
    private final List<Endpoint> knocks = new ArrayList<>();
    private final List<Long> fenced = new ArrayList<>();
    private final ClusterImage image = image();
    private Knock door = Knock.REFUSED;
    private OptionalInt activeEpoch = OptionalInt.of(3);

    private final BrokerWatch watch = new BrokerWatch(
            () -> image,
            () -> activeEpoch,
            this::knock,
            (id, epoch) -> {
                fenced.add(epoch);
                return CompletableFuture.completedStage(true);
            },
            loop,
            1_000);

    private static ClusterImage image() {
        ImageDelta delta = new ImageDelta(ClusterImage.EMPTY);
        delta.apply(RegisterBrokerRecord.DEFAULT
                .withBrokerId(BROKER)
                .withBrokerEpoch(EPOCH)
                .withFenced(false)
                .withEndPoints(List.of(new BrokerEndpoint("PLAINTEXT", "somewhere", 9092, (short) 0))));
        return delta.toImage();
    }

    private CompletionStage<Knock> knock(Endpoint endpoint) {
        knocks.add(endpoint);
        return CompletableFuture.completedStage(door);
    }

    private void close(MemoryConnection closed) {
        closed.close("gone");
        loop.run();
        loop.pass(0);
    }

    @Test
    void whoseConnectionIsClosedAndWhosePortRefusesIsFenced() {
        watch.heard(BROKER, EPOCH, connection);
        watch.heard(BROKER, EPOCH, connection);
        close(connection);

        assertThat(knocks).containsExactly(new Endpoint("somewhere", 9092));
        assertThat(fenced).containsExactly(EPOCH);
    }

    @Test
    void whoStillListensIsLookedAtThreeTimesAndLives() {
        door = Knock.OPEN;
        watch.heard(BROKER, EPOCH, connection);
        close(connection);
        loop.pass(10_000);
        loop.pass(10_000);
        loop.pass(10_000);

        assertThat(knocks).hasSize(3);
        assertThat(fenced).isEmpty();
    }

    @Test
    void aProcessMayTakeItsTimeToEnd() {
        door = Knock.OPEN;
        watch.heard(BROKER, EPOCH, connection);
        close(connection);
        door = Knock.REFUSED;
        loop.pass(10_000);

        assertThat(fenced).containsExactly(EPOCH);
    }

    @Test
    void whoCannotBeReachedMayLive() {
        door = Knock.NO_ANSWER;
        watch.heard(BROKER, EPOCH, connection);
        close(connection);
        loop.pass(10_000);

        assertThat(knocks).hasSize(1);
        assertThat(fenced).isEmpty();
    }

    @Test
    void whoHasAnotherConnectionMeanwhileLives() {
        MemoryConnection next = new MemoryConnection("CONTROLLER", loop);
        watch.heard(BROKER, EPOCH, connection);
        watch.heard(BROKER, EPOCH, next);
        close(connection);

        assertThat(knocks).isEmpty();
        close(next);
        assertThat(fenced).containsExactly(EPOCH);
    }

    @Test
    void strangersAreNobodysDeath() {
        watch.heard(BROKER, EPOCH - 1, connection);
        watch.heard(BROKER + 1, EPOCH, connection);
        close(connection);

        assertThat(knocks).isEmpty();
    }

    @Test
    void onlyTheActiveControllerLooks() {
        activeEpoch = OptionalInt.empty();
        watch.heard(BROKER, EPOCH, connection);
        close(connection);

        assertThat(knocks).isEmpty();
    }

    @Test
    void aNewActiveControllerLooksAtThoseWhoAreSilent() {
        watch.becameActive();
        loop.pass(1_499);
        assertThat(knocks).isEmpty();
        loop.pass(1);
        assertThat(fenced).containsExactly(EPOCH);
    }

    @Test
    void whoIsHeardInTimeIsNotLookedAt() {
        watch.becameActive();
        watch.heard(BROKER, EPOCH, connection);
        loop.pass(1_500);

        assertThat(knocks).isEmpty();
    }
}
