package ottla.generator;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import ottla.generator.Schema.ApiType;
import ottla.generator.Schema.Kind;
import ottla.generator.Schema.MessageType;

/** Writes what the messages of one package have in common: the sealed interface of a record family, and the table of APIs. */
final class FamilySource {
    private FamilySource() {}

    static String nameOf(String family, Kind kind) {
        String stem = Character.toUpperCase(family.charAt(0)) + family.substring(1);
        return switch (kind) {
            case RECORD -> stem + "Record";
            case KEY -> stem + "Key";
            case VALUE -> stem + "Value";
            default -> "Message";
        };
    }

    static String packageInfo(String packageName, String what) {
        return """
                /** %s. Generated from the schemas. */
                @NullMarked
                package %s;

                import org.jspecify.annotations.NullMarked;
                """.formatted(what, packageName);
    }

    /** The sealed interface of a family and the reading of any of its members by number. */
    static String family(String packageName, String name, List<MessageType> members) {
        Source out = new Source();
        List<MessageType> sorted = members.stream()
                .sorted(Comparator.comparingInt(member -> member.id().getAsInt()))
                .toList();
        out.line("package " + packageName + ";").line("");
        out.line("import ottla.wire.primitive.MalformedMessage;");
        out.line("import ottla.wire.primitive.Message;");
        out.line("import ottla.wire.primitive.Reader;").line("");
        String permits = sorted.stream().map(MessageType::name).collect(Collectors.joining(", "));
        out.line("/** One of the record types of its log. */");
        out.line("public sealed interface " + name + " extends Message permits " + permits + " {");
        out.line("/** The number that stands for this type on disk. */")
                .line("short recordType();")
                .line("");
        out.line("/** The newest version of this type. */")
                .line("int latestVersion();")
                .line("");
        out.line("/** Reads a record; an unknown type or version is a {@link MalformedMessage}. */");
        out.line("static " + name + " read(int recordType, Reader in, int atVersion) {");
        out.line("return switch (recordType) {");
        for (MessageType member : sorted) {
            out.line("case " + member.id().getAsInt() + " -> {");
            VersionRange versions = member.versions();
            out.line("if (atVersion < " + versions.first() + " || atVersion > " + versions.last() + ") {");
            out.line("throw new MalformedMessage(\"" + member.name() + " has no version \" + atVersion);")
                    .line("}");
            out.line("yield " + member.name() + ".read(in, atVersion);").line("}");
        }
        out.line("default -> throw new MalformedMessage(\"no " + name + " has the number \" + recordType);");
        out.line("};").line("}").line("}");
        return out.toString();
    }

    static List<String> familyMembers(MessageType member) {
        return List.of(
                "@Override",
                "public short recordType() {",
                "return " + member.id().getAsInt() + ";",
                "}",
                "",
                "@Override",
                "public int latestVersion() {",
                "return MAX_VERSION;",
                "}",
                "");
    }

    static List<String> requestMembers(ApiType api) {
        return List.of("@Override", "public ApiKey apiKey() {", "return ApiKey." + constant(api.name()) + ";", "}", "");
    }

    /** The table of APIs. */
    static String apiKey(String packageName, List<ApiType> apis) {
        Source out = new Source();
        out.line("package " + packageName + ";").line("");
        List.of("java.util.EnumSet", "java.util.Optional", "java.util.Set", "ottla.wire.primitive.Reader")
                .forEach(name -> out.line("import " + name + ";"));
        out.line("")
                .line("/** Every API of the protocol, with the versions that exist. */")
                .line("public enum ApiKey {");
        for (int i = 0; i < apis.size(); i++) {
            ApiType api = apis.get(i);
            MessageType request = api.request();
            VersionRange flexible = request.flexible();
            String listeners = api.listeners().stream()
                    .map(name -> "Listener." + name.toUpperCase(Locale.ROOT))
                    .collect(Collectors.joining(", "));
            out.line(constant(api.name()) + "(" + api.key() + ", \"" + api.name() + "\", "
                    + request.versions().first() + ", "
                    + request.versions().last() + ", " + (flexible.isEmpty() ? "Short.MAX_VALUE" : flexible.first())
                    + ", Latest."
                    + (api.latestUnstable() ? "UNSTABLE" : "STABLE") + ", EnumSet.of(" + listeners + "))"
                    + (i + 1 < apis.size() ? "," : ";"));
        }
        out.line("")
                .line("/** The kinds of listener that an API may be served on. */")
                .line("public enum Listener {");
        out.line("BROKER,").line("CONTROLLER").line("}").line("");
        out.line("/** Whether the newest version may still change. */").line("private enum Latest {");
        out.line("STABLE,").line("UNSTABLE").line("}").line("");
        for (String field : List.of(
                "short id",
                "String title",
                "int minVersion",
                "int maxVersion",
                "int flexibleFrom",
                "Latest latest",
                "Set<Listener> listeners")) {
            out.line("private final " + field + ";");
        }
        out.line("")
                .line("private static final Optional<ApiKey>[] BY_ID = byId();")
                .line("");
        out.line(
                "ApiKey(int id, String title, int minVersion, int maxVersion, int flexibleFrom, Latest latest, Set<Listener> listeners) {");
        out.line("this.id = (short) id;");
        for (String field : List.of("title", "minVersion", "maxVersion", "flexibleFrom", "latest", "listeners")) {
            out.line("this." + field + " = " + field + ";");
        }
        out.line("}").line("");
        accessor(out, "The number on the wire.", "short id()", "id");
        accessor(out, "The API's name, as in the protocol's documentation.", "String title()", "title");
        accessor(out, "The oldest version that exists.", "int minVersion()", "minVersion");
        accessor(out, "The newest version that exists.", "int maxVersion()", "maxVersion");
        accessor(
                out,
                "Whether the newest version may still change, and is not to be offered by default.",
                "boolean latestVersionUnstable()",
                "latest == Latest.UNSTABLE");
        accessor(out, "Where this API is served.", "Set<Listener> listeners()", "listeners");
        accessor(
                out,
                "Whether a version has compact types and tagged fields (KIP-482).",
                "boolean isFlexible(int version)",
                "version >= flexibleFrom");
        accessor(
                out,
                "The version of the header before a request.",
                "int requestHeaderVersion(int version)",
                "isFlexible(version) ? 2 : 1");
        out.line(
                "/** The version of the header before a response: a client must be able to read ApiVersions whatever it is (KIP-511). */");
        out.line("public int responseHeaderVersion(int version) {");
        out.line("return this != API_VERSIONS && isFlexible(version) ? 1 : 0;")
                .line("}")
                .line("");
        out.line("/** The API of a number. */").line("public static Optional<ApiKey> of(short id) {");
        out.line("return id >= 0 && id < BY_ID.length ? BY_ID[id] : Optional.empty();")
                .line("}")
                .line("");
        dispatch(out, apis, "Request");
        out.line("");
        dispatch(out, apis, "Response");
        out.line("")
                .line(
                        "@SuppressWarnings({\"unchecked\", \"rawtypes\"}) // an array of a generic type, never written again");
        out.line("private static Optional<ApiKey>[] byId() {");
        out.line("Optional<ApiKey>[] table = new Optional[" + (apis.getLast().key() + 1) + "];");
        out.line("java.util.Arrays.fill(table, Optional.empty());");
        out.line("for (ApiKey api : values()) {")
                .line("table[api.id] = Optional.of(api);")
                .line("}");
        out.line("return table;").line("}").line("}");
        return out.toString();
    }

    private static void accessor(Source out, String doc, String signature, String expression) {
        out.line("/** " + doc + " */")
                .line("public " + signature + " {")
                .line("return " + expression + ";")
                .line("}")
                .line("");
    }

    private static void dispatch(Source out, List<ApiType> apis, String side) {
        out.line("/** Reads a " + side.toLowerCase(Locale.ROOT) + " of this API in one of its versions. */");
        out.line("public " + side + " read" + side + "(Reader in, int atVersion) {")
                .line("return switch (this) {");
        for (ApiType api : apis) {
            out.line("case " + constant(api.name()) + " -> " + api.name() + side + ".read(in, atVersion);");
        }
        out.line("};").line("}");
    }

    static String constant(String name) {
        return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toUpperCase(Locale.ROOT);
    }
}
