package ottla.compat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What {@code kafka-dump-log} says of some files: everything it was run on has a section, complaints across files come last. */
record DumpLog(ToolRun run, Map<Path, List<String>> sections) {
    private static final String HEADING = "Dumping ";

    /** All that the tool prints of a file that it does not like; it exits with 0 after most of it. */
    private static final Pattern COMPLAINT = Pattern.compile(
            "isvalid: false|isValid: false|Mismatches in|not found in"
                    + "|out of order|timestamp mismatch|invalid bytes|Snapshot contained|Snapshot failed|Exception|(?i:corrupt)|\\berror\\b");

    private static final String HOLES = "Non-consecutive offsets in";

    static DumpLog of(List<Path> files, String... options) {
        List<String> arguments = new ArrayList<>(List.of("--files"));
        arguments.add(files.stream().map(Path::toString).collect(Collectors.joining(",")));
        arguments.addAll(List.of(options));
        ToolRun run = ToolRun.tool("org.apache.kafka.tools.DumpLogSegments", arguments.toArray(String[]::new));
        Map<Path, List<String>> sections = new LinkedHashMap<>();
        List<String> section = new ArrayList<>();
        for (String line : run.output().split("\n")) {
            if (line.startsWith(HEADING)) {
                section = sections.computeIfAbsent(Path.of(line.substring(HEADING.length())), _ -> new ArrayList<>());
            } else {
                section.add(line);
            }
        }
        return new DumpLog(run, sections);
    }

    List<String> complaints() {
        // What the JVM says of its archive of classes is no business of this tool.
        Stream<String> errors = run.errors().lines().filter(line -> !line.contains("[cds]"));
        return Stream.concat(run.output().lines(), errors)
                .filter(line -> COMPLAINT.matcher(line).find())
                .toList();
    }

    /** The logs in which an offset is not followed by the next, as in those that were compacted. */
    Set<Path> withHoles() {
        Set<Path> logs = new HashSet<>();
        Path log = Path.of("");
        for (String line : run.errors().split("\n")) {
            if (line.startsWith(HOLES)) {
                log = Path.of(line.substring(HOLES.length()).strip());
            } else if (line.matches(" +\\d+ is followed by \\d+")) {
                logs.add(log); // every later segment begins with a hole after -1
            }
        }
        return logs;
    }

    List<String> lines(Path file) {
        return sections.getOrDefault(file, List.of());
    }

    /** The offsets of all records in a directory's segments, markers of transactions included, in the order of the log. */
    List<Long> offsets(Path directory) {
        return lines(directory, ".log")
                .filter(line -> line.startsWith("| offset: "))
                .map(line -> Long.parseLong(line.split(" ")[2]))
                .toList();
    }

    /** What is printed of all files of one kind in a directory. */
    Stream<String> lines(Path directory, String suffix) {
        return sections.entrySet().stream()
                .filter(section -> section.getKey().getParent().equals(directory)
                        && section.getKey().toString().endsWith(suffix))
                .sorted(Map.Entry.comparingByKey())
                .flatMap(section -> section.getValue().stream());
    }

    @Override
    public String toString() {
        return run.toString();
    }
}
