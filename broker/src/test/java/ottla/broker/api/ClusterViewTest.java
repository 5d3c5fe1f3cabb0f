package ottla.broker.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import ottla.controller.image.BrokerRegistration;
import ottla.controller.image.ClusterImage;
import ottla.controller.image.ImageDelta;
import ottla.wire.message.metadata.RegisterBrokerRecord;
import ottla.wire.message.metadata.RegisterBrokerRecord.BrokerEndpoint;

class ClusterViewTest {
    private static final int SELF = 1;
    private static final int OTHER = 2;

    private final ImageDelta delta = new ImageDelta(ClusterImage.EMPTY);

    @Test
    void clientsAreToldOfTheBrokersThatAreNotFenced() {
        register(SELF, true);
        register(OTHER, false);

        assertThat(shown("PLAINTEXT")).containsExactly(OTHER);
    }

    @Test
    void whereAllAreFencedTheyAreToldOfTheOneThatAnswers() {
        register(SELF, true);
        register(OTHER, true);

        assertThat(shown("PLAINTEXT")).containsExactly(SELF);
        assertThat(shown("ELSEWHERE")).isEmpty();
    }

    private void register(int id, boolean fenced) {
        delta.apply(RegisterBrokerRecord.DEFAULT
                .withBrokerId(id)
                .withFenced(fenced)
                .withEndPoints(List.of(new BrokerEndpoint("PLAINTEXT", "somewhere", 9092, (short) 0))));
    }

    private List<Integer> shown(String listener) {
        return new ClusterView(SELF, "cluster")
                .shown(delta.toImage(), listener).stream()
                        .map(BrokerRegistration::id)
                        .toList();
    }
}
