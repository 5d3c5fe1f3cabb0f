package ottla.broker.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import ottla.base.ErrorCode;
import ottla.base.TopicPartition;
import ottla.log.io.DiskFailure;
import ottla.log.io.LogDirectory;
import ottla.log.io.LogStore;
import ottla.replication.io.Replica;
import ottla.replication.io.Replicas;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.ApiKey;
import ottla.wire.message.DescribeLogDirsRequest;
import ottla.wire.message.DescribeLogDirsRequest.DescribableLogDirTopic;
import ottla.wire.message.DescribeLogDirsResponse;
import ottla.wire.message.DescribeLogDirsResponse.DescribeLogDirsPartition;
import ottla.wire.message.DescribeLogDirsResponse.DescribeLogDirsResult;
import ottla.wire.message.DescribeLogDirsResponse.DescribeLogDirsTopic;

/** Shows the log directories, how full they are, and what lies in them (KIP-113, KIP-827). */
public final class DescribeLogDirsApi implements Api<DescribeLogDirsRequest> {
    private final Replicas replicas;
    private final LogStore store;
    private final List<String> unusable;

    /** @param unusable the roots of directories that could not even be opened */
    public DescribeLogDirsApi(Replicas replicas, LogStore store, List<String> unusable) {
        this.replicas = replicas;
        this.store = store;
        this.unusable = List.copyOf(unusable);
    }

    @Override
    public ApiKey key() {
        return ApiKey.DESCRIBE_LOG_DIRS;
    }

    @Override
    public void serve(DescribeLogDirsRequest request, InboundRequest inbound) {
        // Nobody knows how large a log is that was not used since the start, nor how full a disk is: the disk is asked.
        Later.answer(
                inbound,
                CompletableFuture.supplyAsync(
                        () -> answer(request), replicas.shell().diskThreads()));
    }

    private DescribeLogDirsResponse answer(DescribeLogDirsRequest request) {
        List<Shown> shown = shown(request);
        List<DescribeLogDirsResult> results = new ArrayList<>();
        for (LogDirectory directory : store.directories()) {
            results.add(
                    store.isOnline(directory)
                            ? describe(directory, shown)
                            : offline(directory.disk().root()));
        }
        unusable.forEach(root -> results.add(offline(root)));
        return DescribeLogDirsResponse.DEFAULT.withResults(results);
    }

    /** A log or a copy of one, and where it is. */
    private record Shown(LogDirectory directory, String topic, DescribeLogDirsPartition partition) {}

    /** Looked at once for all directories: a log that comes to another one meanwhile is in exactly one of them. */
    private List<Shown> shown(DescribeLogDirsRequest request) {
        List<Shown> shown = new ArrayList<>();
        for (Replica replica : replicas.all()) {
            TopicPartition name = replica.name();
            if (!isAsked(request, name)) {
                continue;
            }
            Optional<LogDirectory> place = replicas.directoryOf(replica);
            place.ifPresent(directory -> {
                long lag = Math.max(0, replica.highWatermark() - replica.endOffset());
                shown.add(new Shown(
                        directory,
                        name.topic(),
                        new DescribeLogDirsPartition(name.partition(), replica.sizeBytes(), lag, false)));
            });
            // a copy that has just become the log is not shown beside it: clients would take it for all there is
            replicas.copyOf(replica)
                    .filter(copy -> !place.equals(Optional.of(copy.directory())))
                    .ifPresent(copy -> {
                        long lag = Math.max(0, replica.endOffset() - copy.endOffset());
                        shown.add(new Shown(
                                copy.directory(),
                                name.topic(),
                                new DescribeLogDirsPartition(name.partition(), copy.sizeBytes(), lag, true)));
                    });
        }
        return shown;
    }

    private static DescribeLogDirsResult offline(String root) {
        return DescribeLogDirsResult.DEFAULT.withLogDir(root).withErrorCode(ErrorCode.KAFKA_STORAGE_ERROR.code());
    }

    private DescribeLogDirsResult describe(LogDirectory directory, List<Shown> shown) {
        Map<String, List<DescribeLogDirsPartition>> byTopic = new LinkedHashMap<>();
        for (Shown one : shown) {
            if (one.directory == directory) {
                byTopic.computeIfAbsent(one.topic, topic -> new ArrayList<>()).add(one.partition);
            }
        }
        List<DescribeLogDirsTopic> topics = new ArrayList<>();
        byTopic.forEach((topic, partitions) -> topics.add(new DescribeLogDirsTopic(topic, partitions)));
        DescribeLogDirsResult result = DescribeLogDirsResult.DEFAULT
                .withLogDir(directory.disk().root())
                .withTopics(topics)
                .withIsCordoned(store.isCordoned(directory));
        try {
            return result.withTotalBytes(directory.disk().totalBytes())
                    .withUsableBytes(directory.disk().usableBytes());
        } catch (DiskFailure failure) {
            return offline(directory.disk().root());
        }
    }

    private static boolean isAsked(DescribeLogDirsRequest request, TopicPartition name) {
        List<DescribableLogDirTopic> topics = request.topics();
        return topics == null
                || topics.stream()
                        .anyMatch(topic -> topic.topic().equals(name.topic())
                                && topic.partitions().contains(name.partition()));
    }
}
