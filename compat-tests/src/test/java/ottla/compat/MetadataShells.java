package ottla.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.record.internal.FileLogInputStream.FileChannelRecordBatch;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.shell.command.TreeCommandHandler;
import org.apache.kafka.shell.node.RootShellNode;
import org.apache.kafka.shell.state.MetadataShellState;

/** What {@code kafka-metadata-shell} shows of stopped nodes' files. */
final class MetadataShells {
    private static final String TOOL = "org.apache.kafka.shell.MetadataShell";
    private static final String ROOT = "/image";

    private MetadataShells() {}

    /**
     * Asserts that the shell shows of each node what is in that image: of its newest snapshot and the log behind that, up to where the
     * shortest log ends, as one file, since the shell reads only one.
     */
    static void assertShown(MetadataImage image, List<Cluster.Node> nodes, long endOffset) {
        String expected = tree(image);
        assertThat(expected)
                .contains("metadataVersion")
                .contains(image.topics().topicsByName().keySet());
        for (Cluster.Node node : nodes) {
            Optional<Path> snapshot = MetadataLogs.snapshotFile(node, endOffset);
            Path all = joined(node, snapshot, endOffset);
            // the tool begins to print when it has read all of the file but the last batch
            Waiting.value("the shell shows what " + node + " has", () -> tree(all), expected::equals);
        }
    }

    private static String tree(MetadataImage image) {
        MetadataShellState state = new MetadataShellState();
        state.setRoot(new RootShellNode(image));
        StringWriter text = new StringWriter();
        try (PrintWriter writer = new PrintWriter(text)) {
            new TreeCommandHandler(List.of(ROOT)).run(Optional.empty(), writer, state);
        } catch (Exception e) {
            throw new AssertionError("the tree of an image", e);
        }
        return withoutProvenance(text.toString());
    }

    private static String tree(Path file) {
        return withoutProvenance(
                NearTool.run(TOOL, "--snapshot", file.toString(), "tree", ROOT).succeeded());
    }

    /** Where a snapshot's last record stands in a log is not in it. */
    private static String withoutProvenance(String tree) {
        return tree.replaceFirst("provenance:\\R.*\\R", "");
    }

    private static Path joined(Cluster.Node node, Optional<Path> snapshot, long endOffset) {
        Path all = node.process().dataDirectory().resolveSibling("all.checkpoint");
        try (FileChannel out = FileChannel.open(
                all, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            long startOffset = 0;
            if (snapshot.isPresent()) {
                copy(snapshot.get(), 0, Long.MAX_VALUE, out);
                startOffset = MetadataLogs.endOffset(snapshot.get());
            }
            for (Path segment : MetadataLogs.files(node, ".log")) {
                copy(segment, startOffset, endOffset, out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    /** Without control records: the shell passes over them, but waits for ever if a file ends with two of them. */
    private static void copy(Path segment, long startOffset, long endOffset, FileChannel out) throws IOException {
        try (FileRecords records = FileRecords.open(segment.toFile(), false)) {
            for (FileChannelRecordBatch batch : records.batches()) {
                if (!batch.isControlBatch() && batch.baseOffset() >= startOffset && batch.nextOffset() <= endOffset) {
                    ByteBuffer bytes = ByteBuffer.allocate(batch.sizeInBytes());
                    batch.writeTo(bytes);
                    out.write(bytes.flip());
                }
            }
        }
    }
}
