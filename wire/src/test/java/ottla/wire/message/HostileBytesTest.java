package ottla.wire.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.protocol.MessageUtil;
import org.junit.jupiter.api.Test;
import ottla.wire.message.KafkaSchemas.KafkaMessage;
import ottla.wire.message.KafkaSchemas.Ours;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Reader;

/** Bytes that are no message give a clean refusal and cost little memory, whatever they are. */
class HostileBytesTest {
    private static final int MUTATIONS_PER_VERSION = 160;

    @Test
    void mutatedMessagesAreReadOrRefusedButNeverBreakTheReader() {
        int inputs = 0;
        int refused = 0;
        for (KafkaMessage message : KafkaSchemas.live()) {
            Ours ours = message.ours();
            for (int version = message.versions().first();
                    version <= message.versions().last();
                    version++) {
                Random random = new Random(message.name().hashCode() + 7919L * version);
                RandomContent content = new RandomContent(message, version, random);
                ByteBuffer good = MessageUtil.toByteBufferAccessor(
                                message.fromJson(content.object(message.schema().get("fields")), version),
                                (short) version)
                        .buffer();
                for (int i = 0; i < MUTATIONS_PER_VERSION; i++) {
                    inputs++;
                    refused += refuses(ours, mutate(good, random), version, message.name());
                }
            }
        }
        assertThat(inputs).isGreaterThan(100_000);
        assertThat(refused).isGreaterThan(inputs / 10);
    }

    @Test
    void everyTruncationOfARequiredFieldIsRefused() {
        ProduceRequest request = ProduceRequest.DEFAULT.withTransactionalId("t").withAcks((short) -1);
        ottla.wire.primitive.Writer out = new ottla.wire.primitive.Writer(64);
        request.write(out, 9);
        ByteBuffer bytes = out.toBuffer();
        for (int length = 0; length < bytes.remaining(); length++) {
            ByteBuffer cut = bytes.slice(0, length);
            assertThatThrownBy(() -> ProduceRequest.read(new Reader(cut), 9)).isInstanceOf(MalformedMessage.class);
        }
    }

    @Test
    void aLengthThatPromisesMoreThanThereIsAllocatesNothing() {
        ByteBuffer array = ByteBuffer.allocate(4).putInt(Integer.MAX_VALUE).flip();
        assertThatThrownBy(() -> MetadataRequest.read(new Reader(array), 0)).isInstanceOf(MalformedMessage.class);
        ByteBuffer negative = ByteBuffer.allocate(4).putInt(-2).flip();
        assertThatThrownBy(() -> MetadataRequest.read(new Reader(negative), 0)).isInstanceOf(MalformedMessage.class);
    }

    @Test
    void aMessageOfManyTinyElementsIsRefusedBeforeItsObjectsFillTheMemory() {
        int elements = Reader.MAX_ELEMENTS + 1;
        ByteBuffer bytes =
                ByteBuffer.allocate(4 + 2 * elements).putInt(elements).rewind();
        assertThatThrownBy(() -> MetadataRequest.read(new Reader(bytes), 0))
                .isInstanceOf(MalformedMessage.class)
                .hasMessageContaining("array elements");
    }

    private static int refuses(Ours ours, ByteBuffer bytes, int version, String name) {
        try {
            ours.read(new Reader(bytes), version);
            return 0;
        } catch (MalformedMessage e) {
            return 1;
        } catch (RuntimeException e) {
            throw new AssertionError(name + " version " + version + " broke on " + hex(bytes), e);
        }
    }

    private static ByteBuffer mutate(ByteBuffer good, Random random) {
        List<Byte> bytes = new ArrayList<>();
        for (int i = 0; i < Math.min(good.remaining(), 4096); i++) {
            bytes.add(good.get(good.position() + i));
        }
        int edits = 1 + random.nextInt(4);
        for (int i = 0; i < edits; i++) {
            int at = bytes.isEmpty() ? 0 : random.nextInt(Math.min(bytes.size(), 64));
            switch (bytes.isEmpty() ? 3 : random.nextInt(6)) {
                case 0 -> bytes.set(at, (byte) random.nextInt());
                case 1 -> bytes.set(at, (byte) 0xff);
                case 2 ->
                    bytes.subList(random.nextInt(bytes.size()), bytes.size()).clear();
                case 3 -> bytes.add(at, (byte) random.nextInt());
                case 4 -> bytes.remove(at);
                default -> bytes.set(at, (byte) 0x7f);
            }
        }
        ByteBuffer mutated = ByteBuffer.allocate(bytes.size());
        bytes.forEach(mutated::put);
        return mutated.flip();
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }
}
