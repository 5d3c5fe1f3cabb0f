package ottla.wire.message;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ottla.wire.message.KafkaSchemas.KafkaMessage;
import ottla.wire.message.KafkaSchemas.Ours;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/** Every version of every message, from Kafka's classes to ours and back, byte for byte. */
class RoundTripTest {
    private static final int ROUNDS = 12;

    static Stream<KafkaMessage> messages() {
        return KafkaSchemas.live().stream();
    }

    @ParameterizedTest
    @MethodSource("messages")
    void everyVersionSurvivesBothWays(KafkaMessage message) {
        Ours ours = message.ours();
        for (int version = message.versions().first();
                version <= message.versions().last();
                version++) {
            for (int round = 0; round < ROUNDS; round++) {
                long seed = message.name().hashCode() * 31L + version * 1009L + round;
                RandomContent content = new RandomContent(message, version, new Random(seed));
                Message theirs =
                        message.fromJson(content.object(message.schema().get("fields")), version);
                String what = message.name() + " version " + version + " seed " + seed;
                ByteBuffer bytes = bytes(theirs, version);

                Reader in = new Reader(bytes);
                ottla.wire.primitive.Message read = ours.read(in, version);
                in.expectEnd();
                Writer out = new Writer(16);
                read.write(out, version);

                ByteBuffer written = out.toBuffer();
                assertThat(hex(written)).as(what).isEqualTo(hex(bytes));
                Message back = message.empty();
                back.read(new ByteBufferAccessor(written), (short) version);
                assertThat(back).as(what).isEqualTo(theirs);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("messages")
    void unknownTaggedFieldsAreSkipped(KafkaMessage message) {
        Ours ours = message.ours();
        for (int version = message.versions().first();
                version <= message.versions().last();
                version++) {
            if (!message.flexible().contains(version)) {
                continue;
            }
            RandomContent content = new RandomContent(message, version, new Random(version));
            Message theirs = message.fromJson(content.object(message.schema().get("fields")), version);
            ottla.wire.primitive.Message plain = ours.read(new Reader(bytes(theirs, version)), version);
            List<RawTaggedField> unknown = new ArrayList<>();
            unknown.add(new RawTaggedField(1000, new byte[] {1, 2, 3}));
            unknown.add(new RawTaggedField(100_000, new byte[0]));
            theirs.unknownTaggedFields().addAll(unknown);

            Reader in = new Reader(bytes(theirs, version));
            ottla.wire.primitive.Message read = ours.read(in, version);

            in.expectEnd();
            assertThat(read).as(message.name() + " version " + version).isEqualTo(plain);
        }
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }

    private static ByteBuffer bytes(Message message, int version) {
        return MessageUtil.toByteBufferAccessor(message, (short) version).buffer();
    }
}
