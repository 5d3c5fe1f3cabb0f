package ottla.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import ottla.generator.Schema.ApiType;
import ottla.generator.Schema.Field;
import ottla.generator.Schema.FieldType;
import ottla.generator.Schema.Kind;
import ottla.generator.Schema.MessageType;
import ottla.generator.Schema.Struct;

/**
 * Reads one schema file. A line is a heading (no indentation) or a field; two more spaces than its parent make a field part of
 * that parent's struct. The notation is described in the README of this module.
 */
public final class SchemaParser {
    private final Path file;
    private final List<Line> lines = new ArrayList<>();
    private int next;

    public SchemaParser(Path file) throws IOException {
        this.file = file;
        List<String> raw = Files.readAllLines(file);
        for (int i = 0; i < raw.size(); i++) {
            String text = raw.get(i);
            int hash = text.indexOf('#');
            String content = hash < 0 ? text : text.substring(0, hash);
            if (!content.isBlank()) {
                int indent = content.length() - content.stripLeading().length();
                lines.add(new Line(i + 1, indent, List.of(content.strip().split("\\s+"))));
            }
        }
    }

    /** A file of the folder {@code api}: heading, listeners, request, response. */
    public ApiType api() {
        Line heading = take();
        expect(heading, heading.words.size() == 3 && heading.words.get(0).equals("api"), "api KEY NAME");
        int key = Integer.parseInt(heading.words.get(1));
        String name = heading.words.get(2);
        Line listeners = take();
        expect(listeners, listeners.words.get(0).equals("listeners"), "listeners NAME...");
        Line requestLine = peek();
        boolean unstable = requestLine.words.contains("unstable");
        MessageType request = message(take(), Kind.REQUEST, OptionalInt.of(key), name + "Request", 1);
        MessageType response = message(take(), Kind.RESPONSE, OptionalInt.of(key), name + "Response", 1);
        expect(requestLine, next == lines.size(), "nothing behind the response");
        return new ApiType(key, name, tail(listeners.words, 1), unstable, request, response);
    }

    /** Any other file: messages one after the other, {@code KIND [ID] NAME VERSIONS [flexible VERSIONS]}. */
    public List<MessageType> messages() {
        List<MessageType> all = new ArrayList<>();
        while (next < lines.size()) {
            Line heading = take();
            Kind kind = Kind.valueOf(heading.words.get(0).toUpperCase(Locale.ROOT));
            boolean hasId = Character.isDigit(heading.words.get(1).charAt(0));
            OptionalInt id = hasId ? OptionalInt.of(Integer.parseInt(heading.words.get(1))) : OptionalInt.empty();
            int nameAt = hasId ? 2 : 1;
            all.add(message(heading, kind, id, heading.words.get(nameAt), nameAt + 1));
        }
        return all;
    }

    private MessageType message(Line heading, Kind kind, OptionalInt id, String name, int versionsAt) {
        VersionRange versions = VersionRange.parse(heading.words.get(versionsAt));
        int flexibleAt = heading.words.indexOf("flexible");
        VersionRange flexible =
                flexibleAt < 0 ? VersionRange.NONE : VersionRange.parse(heading.words.get(flexibleAt + 1));
        List<Field> fields = fields(2);
        Map<String, Struct> shared = new LinkedHashMap<>();
        while (next < lines.size() && peek().words.get(0).equals("struct")) {
            Line struct = take();
            VersionRange in = struct.words.size() > 2 ? VersionRange.parse(struct.words.get(2)) : VersionRange.ALL;
            shared.put(struct.words.get(1), new Struct(struct.words.get(1), in, fields(2)));
        }
        return new MessageType(kind, id, name, versions, flexible, fields, shared);
    }

    private List<Field> fields(int indent) {
        List<Field> fields = new ArrayList<>();
        while (next < lines.size() && peek().indent == indent) {
            fields.add(field(take(), indent));
        }
        if (next < lines.size()) {
            expect(peek(), peek().indent < indent, "an indentation of at most " + indent);
        }
        return fields;
    }

    private Field field(Line line, int indent) {
        List<String> words = line.words;
        expect(line, words.size() >= 2, "NAME TYPE [VERSIONS] [tag N [in VERSIONS]] [ignorable] [= DEFAULT]");
        String typeWord = words.get(1);
        int question = typeWord.indexOf('?');
        String bare = question < 0 ? typeWord : typeWord.substring(0, question);
        boolean array = bare.startsWith("[]");
        FieldType type = new FieldType(array ? bare.substring(2) : bare, array);
        VersionRange versions = VersionRange.ALL;
        OptionalInt tag = OptionalInt.empty();
        Optional<VersionRange> tagged = Optional.empty();
        boolean ignorable = false;
        boolean inflexible = false;
        Optional<String> defaultValue = Optional.empty();
        for (int i = 2; i < words.size(); i++) {
            String word = words.get(i);
            switch (word) {
                case "tag" -> tag = OptionalInt.of(Integer.parseInt(words.get(++i)));
                case "in" -> tagged = Optional.of(VersionRange.parse(words.get(++i)));
                case "ignorable" -> ignorable = true;
                case "inflexible" -> inflexible = true;
                case "=" -> defaultValue = Optional.of(words.get(++i));
                default -> versions = VersionRange.parse(word);
            }
        }
        VersionRange nullable = question < 0
                ? VersionRange.NONE
                : question == typeWord.length() - 1 ? versions : VersionRange.parse(typeWord.substring(question + 1));
        VersionRange taggedIn = tag.isEmpty() ? VersionRange.NONE : tagged.orElse(versions);
        List<Field> children = next < lines.size() && peek().indent > indent ? fields(indent + 2) : List.of();
        return new Field(
                words.get(0), type, versions, nullable, tag, taggedIn, ignorable, inflexible, defaultValue, children);
    }

    private Line peek() {
        return lines.get(next);
    }

    private Line take() {
        if (next == lines.size()) {
            throw new IllegalArgumentException(file + " ends too early");
        }
        return lines.get(next++);
    }

    private void expect(Line line, boolean holds, String wanted) {
        if (!holds) {
            throw new IllegalArgumentException(file + ":" + line.number + ": expected " + wanted);
        }
    }

    private static List<String> tail(List<String> words, int from) {
        return List.copyOf(words.subList(from, words.size()));
    }

    private record Line(int number, int indent, List<String> words) {}
}
