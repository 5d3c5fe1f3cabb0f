package ottla.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import ottla.generator.Schema.ApiType;
import ottla.generator.Schema.Kind;
import ottla.generator.Schema.MessageType;

/**
 * Reads the schemas ({@code args[0]}) and writes the message types ({@code args[1]}). A file whose text has not changed is not
 * touched, so that the compiler sees nothing to do.
 */
public final class Main {
    private static final String ROOT = "ottla.wire.message";

    private final Path output;
    private final Set<Path> written = new HashSet<>();

    private Main(Path output) {
        this.output = output;
    }

    public static void main(String[] args) throws IOException {
        Path schemas = Path.of(args[0]);
        Main main = new Main(Path.of(args[1]));
        main.apis(files(schemas.resolve("api")));
        for (Path file : files(schemas)) {
            main.family(file);
        }
        main.removeStale();
    }

    private void apis(List<Path> files) throws IOException {
        List<ApiType> apis = new ArrayList<>();
        for (Path file : files) {
            apis.add(new SchemaParser(file).api());
        }
        apis.sort(Comparator.comparingInt(ApiType::key));
        for (ApiType api : apis) {
            put(
                    ROOT,
                    api.request().name(),
                    new MessageSource(api.request()).write(ROOT, "Request", FamilySource.requestMembers(api)));
            put(ROOT, api.response().name(), new MessageSource(api.response()).write(ROOT, "Response", List.of()));
        }
        put(ROOT, "ApiKey", FamilySource.apiKey(ROOT, apis));
    }

    private void family(Path file) throws IOException {
        String stem = file.getFileName().toString().replace(".schema", "");
        String packageName = ROOT + "." + stem;
        Map<Kind, List<MessageType>> byKind = new LinkedHashMap<>();
        for (MessageType message : new SchemaParser(file).messages()) {
            byKind.computeIfAbsent(message.kind(), kind -> new ArrayList<>()).add(message);
        }
        for (Map.Entry<Kind, List<MessageType>> entry : byKind.entrySet()) {
            String family = FamilySource.nameOf(stem, entry.getKey());
            boolean numbered = entry.getKey() != Kind.DATA;
            for (MessageType message : entry.getValue()) {
                List<String> members = numbered ? FamilySource.familyMembers(message) : List.of();
                put(packageName, message.name(), new MessageSource(message).write(packageName, family, members));
            }
            if (numbered) {
                put(packageName, family, FamilySource.family(packageName, family, entry.getValue()));
            }
        }
        put(packageName, "package-info", FamilySource.packageInfo(packageName, "The " + stem + " messages"));
    }

    private void put(String packageName, String name, String text) throws IOException {
        Path file = output.resolve(packageName.replace('.', '/')).resolve(name + ".java");
        written.add(file);
        if (!Files.exists(file) || !Files.readString(file).equals(text)) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        }
    }

    private void removeStale() throws IOException {
        try (Stream<Path> all = Files.walk(output)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                if (!written.contains(file)) {
                    Files.delete(file);
                }
            }
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(path -> path.toString().endsWith(".schema"))
                    .sorted()
                    .toList();
        }
    }
}
