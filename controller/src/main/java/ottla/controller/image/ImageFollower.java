package ottla.controller.image;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ottla.wire.message.metadata.AbortTransactionRecord;
import ottla.wire.message.metadata.BeginTransactionRecord;
import ottla.wire.message.metadata.EndTransactionRecord;
import ottla.wire.message.metadata.MetadataRecord;

/**
 * Turns committed batches into images. The records of a metadata transaction are held back until it ends, and forgotten if it is
 * aborted (KIP-868). Owned by one thread.
 */
public final class ImageFollower {
    private ClusterImage image = ClusterImage.EMPTY;
    private @Nullable ImageDelta inTransaction;

    public ClusterImage image() {
        return image;
    }

    /** Whether a transaction began and has not ended. */
    public boolean isInTransaction() {
        return inTransaction != null;
    }

    /** Takes in a batch; the answer is the step to the next image, empty if there is none yet. */
    public Optional<Step> apply(List<MetadataRecord> records) {
        ImageDelta delta = inTransaction;
        boolean stepReady = false;
        for (MetadataRecord record : records) {
            switch (record) {
                case BeginTransactionRecord ignored -> {
                    if (stepReady && delta != null) {
                        // what stands before the transaction in the same batch is in force whatever becomes of it
                        image = delta.toImage();
                    }
                    delta = new ImageDelta(image);
                    inTransaction = delta;
                }
                case EndTransactionRecord ignored -> {
                    inTransaction = null;
                    stepReady = delta != null;
                }
                case AbortTransactionRecord ignored -> {
                    inTransaction = null;
                    delta = null;
                }
                default -> {
                    if (delta == null) {
                        delta = new ImageDelta(image);
                    }
                    delta.apply(record);
                    stepReady = true;
                }
            }
        }
        if (delta == null || !stepReady || inTransaction != null) {
            return Optional.empty();
        }
        return Optional.of(advance(delta));
    }

    /** Moves to an image that was made elsewhere, from the present one, by the same records. */
    public void advance(ClusterImage next) {
        image = next;
        inTransaction = null;
    }

    /** Moves to the image of a snapshot. */
    public Step replace(ClusterImage snapshot) {
        ImageDelta delta = ImageDelta.between(image, snapshot);
        advance(snapshot);
        return new Step(delta, snapshot);
    }

    private Step advance(ImageDelta delta) {
        image = delta.toImage();
        return new Step(delta, image);
    }

    /** The way to an image, and the image. */
    public record Step(ImageDelta delta, ClusterImage image) {}
}
