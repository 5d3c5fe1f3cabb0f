package ottla.compat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import ottla.base.GoldenStory;

/**
 * A {@link GoldenStory} of stock tools, told to nodes of either kind: both must have the tools print what the file says. {@code $NAMES} stand
 * for what differs between any two runs, in commands as in what is printed.
 */
final class ToolStory {
    private static final Path FOLDER =
            Path.of(System.getProperty("basedir", ""), "src", "test", "resources", "golden", "tools");

    private static final String PACKAGE = "org.apache.kafka.tools.";
    private static final Map<String, String> TOOLS = Map.ofEntries(
            Map.entry("kafka-acls", PACKAGE + "AclCommand"),
            Map.entry("kafka-broker-api-versions", PACKAGE + "BrokerApiVersionsCommand"),
            Map.entry("kafka-client-metrics", PACKAGE + "ClientMetricsCommand"),
            Map.entry("kafka-cluster", PACKAGE + "ClusterTool"),
            Map.entry("kafka-configs", "kafka.admin.ConfigCommand"),
            Map.entry("kafka-delegation-tokens", PACKAGE + "DelegationTokenCommand"),
            Map.entry("kafka-dump-log", PACKAGE + "DumpLogSegments"),
            Map.entry("kafka-features", PACKAGE + "FeatureCommand"),
            Map.entry("kafka-get-offsets", PACKAGE + "GetOffsetShell"),
            Map.entry("kafka-leader-election", PACKAGE + "LeaderElectionCommand"),
            Map.entry("kafka-log-dirs", PACKAGE + "LogDirsCommand"),
            Map.entry("kafka-metadata-quorum", PACKAGE + "MetadataQuorumCommand"),
            Map.entry("kafka-metadata-shell", "org.apache.kafka.shell.MetadataShell"),
            Map.entry("kafka-reassign-partitions", PACKAGE + "reassign.ReassignPartitionsCommand"),
            Map.entry("kafka-storage", "kafka.tools.StorageTool"),
            Map.entry("kafka-streams-application-reset", PACKAGE + "StreamsResetter"),
            Map.entry("kafka-topics", PACKAGE + "TopicCommand"),
            Map.entry("kafka-transactions", PACKAGE + "TransactionsCommand"));

    /** What the tools' own logger says is not what they print. */
    private static final Pattern LOGGED = Pattern.compile("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} [A-Z]+ .*");

    private static final Pattern STACK = Pattern.compile("\\s+at .*|\\s+\\.\\.\\. \\d+ more");

    /** Of exceptions that were caused by another one only that is of interest, once. */
    private static final Pattern CAUSED =
            Pattern.compile("^(Caused by: |java\\.util\\.concurrent\\.ExecutionException: )+");

    private final Map<String, Supplier<String>> names = new LinkedHashMap<>();
    private final Map<String, Consumer<List<String>>> deeds = new HashMap<>();
    private final Map<Pattern, String> varying = new LinkedHashMap<>();
    private final Map<Pattern, String> numbered = new LinkedHashMap<>();
    private final Map<String, String> numbers = new HashMap<>();
    private UnaryOperator<List<String>> arrangement = UnaryOperator.identity();

    /** {@code $name} in a command becomes the value, and the value in what is printed {@code $name}. */
    ToolStory name(String name, Supplier<String> value) {
        names.put("$" + name, value);
        return this;
    }

    /** What is done besides tools: the words behind the first one are its arguments. */
    ToolStory deed(String word, Consumer<List<String>> deed) {
        deeds.put(word, deed);
        return this;
    }

    /** What is printed differently each time. */
    ToolStory varying(String regex, String replacement) {
        varying.put(Pattern.compile(regex), replacement);
        return this;
    }

    /** What each run invents: the first group of the pattern becomes {@code $name-1} in all places, another one {@code $name-2}. */
    ToolStory numbered(String regex, String name) {
        numbered.put(Pattern.compile(regex), "$" + name + "-");
        return this;
    }

    /** What has no order of its own is put into one, when the names are in place. */
    ToolStory arranged(UnaryOperator<List<String>> next) {
        arrangement = next;
        return this;
    }

    void tell(String file) throws IOException {
        GoldenStory.tell(FOLDER.resolve(file + ".txt"), this::run);
    }

    private List<String> run(String line) {
        List<String> words = Stream.of(line.split(" +")).map(this::resolved).toList();
        List<String> rest = words.subList(1, words.size());
        if (deeds.containsKey(words.getFirst())) {
            deeds.get(words.getFirst()).accept(rest);
            return List.of();
        }
        String tool = TOOLS.get(words.getFirst());
        if (tool == null) {
            throw new AssertionError("neither a tool nor a deed: " + line);
        }
        ToolRun run = NearTool.run(tool, rest.toArray(String[]::new));
        Stream<String> printed = Stream.concat(
                        run.output().lines(), run.errors().lines())
                .filter(text -> !text.isBlank()
                        && !LOGGED.matcher(text).matches()
                        && !STACK.matcher(text).matches())
                .map(text -> named(CAUSED.matcher(text).replaceFirst("")));
        Stream<String> end = run.status() == 0 ? Stream.of() : Stream.of("exit " + run.status());
        return arrangement.apply(withoutRepetition(Stream.concat(printed, end)).toList()).stream()
                .map(text -> "  " + text)
                .toList();
    }

    private static Stream<String> withoutRepetition(Stream<String> lines) {
        List<String> kept = new ArrayList<>();
        lines.forEach(line -> {
            if (kept.isEmpty() || !kept.getLast().equals(line)) {
                kept.add(line);
            }
        });
        return kept.stream();
    }

    private String resolved(String word) {
        String resolved = word;
        for (String name : longestFirst(names.keySet().stream())) {
            if (resolved.contains(name)) {
                resolved = resolved.replace(name, names.get(name).get());
            }
        }
        return resolved;
    }

    private String named(String text) {
        String named = text.replaceAll("[ \t]+", " ").strip();
        Map<String, String> values = new HashMap<>();
        names.forEach((name, value) -> values.putIfAbsent(value.get(), name));
        for (String value : longestFirst(values.keySet().stream())) {
            // as a word of its own: a checksum may have a port's digits in it
            named = Pattern.compile("(?<!\\w)" + Pattern.quote(value) + "(?!\\w)")
                    .matcher(named)
                    .replaceAll(Matcher.quoteReplacement(values.get(value)));
        }
        for (Map.Entry<Pattern, String> each : varying.entrySet()) {
            named = each.getKey().matcher(named).replaceAll(each.getValue());
        }
        for (Map.Entry<Pattern, String> each : numbered.entrySet()) {
            named = each.getKey()
                    .matcher(named)
                    .replaceAll(found -> Matcher.quoteReplacement(
                            found.group().replace(found.group(1), numberOf(each.getValue(), found.group(1)))));
        }
        return named;
    }

    private String numberOf(String name, String value) {
        return numbers.computeIfAbsent(
                value,
                _ -> name
                        + (1
                                + numbers.values().stream()
                                        .filter(given -> given.startsWith(name))
                                        .count()));
    }

    private static List<String> longestFirst(Stream<String> texts) {
        return texts.sorted(Comparator.comparingInt(String::length).reversed().thenComparing(Comparator.naturalOrder()))
                .toList();
    }
}
