package ottla.wire.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import ottla.base.Check;
import ottla.base.Uuid;
import ottla.wire.message.FetchResponse;
import ottla.wire.primitive.Payload;

/** Makes payloads and knows which of them are still held; releasing one twice is an error. */
final class CountedPayloads {
    final AtomicInteger made = new AtomicInteger();
    final AtomicInteger held = new AtomicInteger();
    final AtomicLong heldBytes = new AtomicLong();
    final AtomicLong mostHeldBytes = new AtomicLong();
    final AtomicInteger releasedTwice = new AtomicInteger();

    /** Direct and heap pieces in turn, as a log may hand them out. */
    Payload payload(int pieceCount, int pieceBytes) {
        made.incrementAndGet();
        held.incrementAndGet();
        mostHeldBytes.accumulateAndGet(heldBytes.addAndGet((long) pieceCount * pieceBytes), Math::max);
        List<ByteBuffer> pieces = new ArrayList<>();
        for (int i = 0; i < pieceCount; i++) {
            ByteBuffer piece = i % 2 == 0 ? ByteBuffer.allocateDirect(pieceBytes) : ByteBuffer.allocate(pieceBytes);
            for (int at = 0; at < pieceBytes; at++) {
                piece.put(at, (byte) (i + at));
            }
            pieces.add(i % 3 == 0 ? piece.asReadOnlyBuffer() : piece);
        }
        return new Counted(pieces, pieceCount * pieceBytes);
    }

    /** The same bytes as those of {@link #payload} with one piece, in a file. */
    Payload inFile(Path directory, int sizeBytes) throws IOException {
        Path path = directory.resolve("payload-" + made.get());
        ByteBuffer bytes = payload(1, sizeBytes).pieces().getFirst();
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        int position = 17;
        while (bytes.hasRemaining()) {
            channel.write(bytes, position + bytes.position());
        }
        return new InFile(new Counted(List.of(), sizeBytes), channel, position, sizeBytes);
    }

    private record InFile(Counted counted, FileChannel channel, long position, int sizeBytes) implements FilePayload {
        @Override
        public void release() {
            counted.release();
            try {
                channel.close();
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    /** A fetch answer that carries these records, one partition each. */
    static FetchResponse fetched(Payload... records) {
        List<FetchResponse.PartitionData> partitions = new ArrayList<>();
        for (Payload payload : records) {
            partitions.add(FetchResponse.PartitionData.DEFAULT
                    .withPartitionIndex(partitions.size())
                    .withRecords(payload));
        }
        return FetchResponse.DEFAULT.withResponses(List.of(FetchResponse.FetchableTopicResponse.DEFAULT
                .withTopicId(Uuid.ONE)
                .withPartitions(partitions)));
    }

    private final class Counted implements Payload {
        private final List<ByteBuffer> pieces;
        private final int sizeBytes;
        private final AtomicInteger releases = new AtomicInteger();

        Counted(List<ByteBuffer> pieces, int sizeBytes) {
            this.pieces = pieces;
            this.sizeBytes = sizeBytes;
        }

        @Override
        public int sizeBytes() {
            return sizeBytes;
        }

        @Override
        public List<ByteBuffer> pieces() {
            Check.invariant(releases.get() == 0, "a released payload is not touched");
            return pieces;
        }

        @Override
        public void release() {
            if (releases.getAndIncrement() > 0) {
                releasedTwice.incrementAndGet();
            } else {
                held.decrementAndGet();
                heldBytes.addAndGet(-sizeBytes);
            }
        }
    }
}
