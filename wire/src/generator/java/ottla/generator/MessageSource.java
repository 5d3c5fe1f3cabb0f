package ottla.generator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import ottla.generator.Schema.Field;
import ottla.generator.Schema.MessageType;
import ottla.generator.Schema.Struct;

/** Writes the Java of one message: a record with its nested structs, each able to read and write itself in every version. */
final class MessageSource {
    private static final String NAME = "atVersion";

    private final MessageType message;
    private final Source out = new Source();
    private final Map<String, Struct> structs = new TreeMap<>();

    MessageSource(MessageType message) {
        this.message = message;
        message.sharedStructs().values().forEach(struct -> structs.put(struct.name(), struct));
        collect(message.fields());
    }

    /** The whole file; {@code family} is the interface that the message implements and {@code members} what that asks for. */
    String write(String packageName, String family, List<String> members) {
        out.line("package " + packageName + ";").line("");
        List.of(
                        "java.nio.ByteBuffer",
                        "java.util.ArrayList",
                        "java.util.List",
                        "org.jspecify.annotations.Nullable",
                        "ottla.base.Uuid",
                        "ottla.wire.primitive.Message",
                        "ottla.wire.primitive.Payload",
                        "ottla.wire.primitive.Reader",
                        "ottla.wire.primitive.UnsupportedField",
                        "ottla.wire.primitive.Writer")
                .forEach(name -> out.line("import " + name + ";"));
        VersionRange versions = message.versions();
        out.line("").line("/** Versions " + versions.first() + " to " + versions.last() + ". */");
        type(message.name(), message.name(), message.fields(), family, () -> {
            out.line("public static final int MIN_VERSION = " + versions.first() + ";");
            out.line("public static final int MAX_VERSION = " + versions.last() + ";")
                    .line("");
            members.forEach(out::line);
        });
        structs.values().forEach(struct -> {
            out.line("");
            type(struct.name(), message.name() + "." + struct.name(), struct.fields(), "Message", () -> {});
            out.line("}");
        });
        out.line("}");
        return out.toString();
    }

    private void collect(List<Field> fields) {
        for (Field field : fields) {
            if (field.type().isStruct()
                    && !message.sharedStructs().containsKey(field.type().element())) {
                structs.put(
                        field.type().element(), new Struct(field.type().element(), field.versions(), field.fields()));
            }
            collect(field.fields());
        }
    }

    /** Opens a record and writes its members; the caller closes it. */
    private void type(String name, String path, List<Field> fields, String family, Runnable members) {
        String components =
                fields.stream().map(f -> Types.java(f) + " " + f.name()).collect(Collectors.joining(", "));
        out.line("public record " + name + "(" + components + ") implements " + family + " {");
        String defaults = fields.stream().map(Types::defaultOf).collect(Collectors.joining(", "));
        out.line("public static final " + name + " DEFAULT = new " + name + "(" + defaults + ");")
                .line("");
        members.run();
        String names = fields.stream().map(Field::name).collect(Collectors.joining(", "));
        for (Field field : fields) {
            String wither = "with" + Character.toUpperCase(field.name().charAt(0))
                    + field.name().substring(1);
            out.line("public " + name + " " + wither + "(" + Types.java(field) + " " + field.name() + ") {");
            out.line("return new " + name + "(" + names + ");").line("}").line("");
        }
        reading(name, fields, names);
        out.line("");
        writing(path, fields);
    }

    private void reading(String name, List<Field> fields, String names) {
        out.line("public static " + name + " read(Reader in, int atVersion) {");
        for (Field field : fields) {
            out.line(Types.java(field) + " " + field.name() + " = " + Types.defaultOf(field) + ";");
            VersionRange regular = regular(field);
            if (!regular.isEmpty()) {
                guarded(regular, () -> readField(field, regular));
            }
        }
        if (canBeFlexible()) {
            readTags(fields);
        }
        out.line("return new " + name + "(" + names + ");").line("}");
    }

    private void readTags(List<Field> fields) {
        List<Field> tagged = tagged(fields);
        guarded(message.flexible(), () -> {
            if (tagged.isEmpty()) {
                out.line("in.skipTags();");
                return;
            }
            out.line("int tagCount = in.unsignedVarint();");
            out.line("for (int i = 0; i < tagCount; i++) {");
            out.line("int tag = in.unsignedVarint();");
            out.line("int tagEnd = in.beginTag(in.unsignedVarint());");
            out.line("switch (tag) {");
            for (Field field : tagged) {
                out.line("case " + field.tag().getAsInt() + " -> {");
                guardedOrElse(
                        field.tagged(),
                        () -> readField(field, field.tagged().intersect(message.versions())),
                        () -> out.line("in.skip(tagEnd - in.position());"));
                out.line("}");
            }
            out.line("default -> in.skip(tagEnd - in.position());");
            out.line("}").line("in.endTag(tagEnd);").line("}");
        });
    }

    private void readField(Field field, VersionRange within) {
        if (!field.type().array()) {
            out.line(field.name() + " = " + readElement(field, within) + ";");
            return;
        }
        int least = Types.leastBytes(field.type(), field.fields(), message, within);
        String length = field.name() + "Length";
        String read = choose(
                message.flexible(), within, "in.compactArrayLength(" + least + ")", "in.arrayLength(" + least + ")");
        String notNull = choose(field.nullable(), within, read, "in.notNull(" + parenthesized(read) + ")");
        out.line("int " + length + " = " + notNull + ";");
        String element = Types.element(field.type());
        boolean nullable = !field.nullable().intersect(within).isEmpty();
        if (nullable) {
            out.line("if (" + length + " < 0) {")
                    .line(field.name() + " = null;")
                    .line("} else {");
        }
        String list = field.name() + "List";
        out.line("List<" + element + "> " + list + " = new ArrayList<>(" + length + ");");
        out.line("for (int element = 0; element < " + length + "; element++) {");
        out.line(list + ".add(" + readOne(field, within, VersionRange.NONE) + ");")
                .line("}");
        out.line(field.name() + " = " + list + ";");
        if (nullable) {
            out.line("}");
        }
    }

    private String readElement(Field field, VersionRange within) {
        return readOne(field, within, field.nullable());
    }

    private String readOne(Field field, VersionRange within, VersionRange nullable) {
        if (Types.isFixed(field.type())) {
            return "in." + Types.primitive(field.type()).method() + "()";
        }
        String element = field.type().element();
        if (field.type().isStruct()) {
            String read = element + ".read(in, atVersion)";
            String present = field.tagged().covers(within) ? "in.presentTag()" : "in.present()";
            return choose(nullable, within, "(" + present + " ? " + read + " : null)", read);
        }
        VersionRange compact = field.inflexible() ? VersionRange.NONE : message.flexible();
        if (element.equals("records")) {
            return choose(compact, within, "in.compactPayload()", "in.payload()");
        }
        String method = Character.toUpperCase(element.charAt(0)) + element.substring(1);
        String plain = choose(compact, within, "in.compact" + method + "()", "in." + element + "()");
        String maybe = choose(compact, within, "in.nullableCompact" + method + "()", "in.nullable" + method + "()");
        return choose(nullable, within, maybe, plain);
    }

    private void writing(String path, List<Field> fields) {
        out.line("@Override").line("public void write(Writer out, int atVersion) {");
        for (Field field : fields) {
            VersionRange regular = regular(field);
            Runnable refuse = () -> {
                VersionRange absent = field.versions();
                if (!field.ignorable() && !absent.covers(message.versions())) {
                    String alone = condition(absent);
                    String condition = alone.isEmpty() ? "" : "!(" + alone + ") && ";
                    out.line("if (" + condition + "!(" + Types.isDefault(field, field.name()) + ")) {");
                    out.line("throw new UnsupportedField(\"" + path + "." + field.name() + "\", atVersion);")
                            .line("}");
                }
            };
            if (!regular.isEmpty()) {
                guarded(regular, () -> writeField(path, field, regular));
            }
            refuse.run();
        }
        if (canBeFlexible()) {
            writeTags(path, fields);
        }
        out.line("}");
    }

    private void writeTags(String path, List<Field> fields) {
        List<Field> tagged = tagged(fields);
        guarded(message.flexible(), () -> {
            if (tagged.isEmpty()) {
                out.line("out.unsignedVarint(0);");
                return;
            }
            out.line("int tagCount = 0;");
            for (Field field : tagged) {
                out.line("if (" + presence(field) + ") {").line("tagCount++;").line("}");
            }
            out.line("out.unsignedVarint(tagCount);");
            for (Field field : tagged) {
                out.line("if (" + presence(field) + ") {");
                out.line("int mark = out.beginTag(" + field.tag().getAsInt() + ");");
                writeField(path, field, field.tagged().intersect(message.versions()));
                out.line("out.endTag(mark);").line("}");
            }
        });
    }

    private String presence(Field field) {
        String condition = condition(field.tagged());
        String set = "!(" + Types.isDefault(field, field.name()) + ")";
        return condition.isEmpty() ? set : condition + " && " + set;
    }

    private void writeField(String path, Field field, VersionRange within) {
        if (Types.isNullable(field)
                && !field.nullable().covers(within)
                && !field.type().element().equals("records")) {
            String mayBeNull = condition(field.nullable());
            String guard = field.nullable().intersect(within).isEmpty() ? "" : "!(" + mayBeNull + ") && ";
            out.line("if (" + guard + field.name() + " == null) {");
            out.line("throw new UnsupportedField(\"" + path + "." + field.name() + " = null\", atVersion);")
                    .line("}");
        }
        if (!field.type().array()) {
            writeOne(field, within, field.name());
            return;
        }
        boolean nullable = !field.nullable().intersect(within).isEmpty();
        String length =
                nullable ? field.name() + " == null ? -1 : " + field.name() + ".size()" : field.name() + ".size()";
        statement(
                message.flexible(),
                within,
                "out.compactArrayLength(" + length + ");",
                "out.arrayLength(" + length + ");");
        if (nullable) {
            out.line("if (" + field.name() + " != null) {");
        }
        String type =
                Types.isFixed(field.type()) ? Types.primitive(field.type()).java() : Types.element(field.type());
        out.line("for (" + type + " element : " + field.name() + ") {");
        writeOne(field, within, "element");
        out.line("}");
        if (nullable) {
            out.line("}");
        }
    }

    private void writeOne(Field field, VersionRange within, String value) {
        String element = field.type().element();
        if (Types.isFixed(field.type())) {
            out.line("out." + Types.primitive(field.type()).method() + "(" + value + ");");
        } else if (field.type().isStruct()) {
            boolean nullable =
                    !field.type().array() && !field.nullable().intersect(within).isEmpty();
            if (nullable) {
                String present = field.tagged().covers(within) ? "presentTag" : "present";
                guarded(field.nullable(), () -> out.line("out." + present + "(" + value + " != null);"));
                out.line("if (" + value + " != null) {");
            }
            out.line(value + ".write(out, atVersion);");
            if (nullable) {
                out.line("}");
            }
        } else {
            VersionRange compact = field.inflexible() ? VersionRange.NONE : message.flexible();
            String method = element.equals("records")
                    ? "Payload"
                    : Character.toUpperCase(element.charAt(0)) + element.substring(1);
            String plain = Character.toLowerCase(method.charAt(0)) + method.substring(1);
            statement(
                    compact, within, "out.compact" + method + "(" + value + ");", "out." + plain + "(" + value + ");");
        }
    }

    private List<Field> tagged(List<Field> fields) {
        List<Field> tagged = new ArrayList<>();
        for (Field field : fields) {
            if (!field.tagged().intersect(message.versions()).isEmpty()) {
                tagged.add(field);
            }
        }
        tagged.sort(Comparator.comparingInt(field -> field.tag().getAsInt()));
        return tagged;
    }

    /** The versions in which the field stands in its place rather than among the tagged ones. */
    private VersionRange regular(Field field) {
        VersionRange present = field.versions().intersect(message.versions());
        if (field.tagged().isEmpty()) {
            return present;
        }
        return new VersionRange(
                present.first(), Math.min(present.last(), field.tagged().first() - 1));
    }

    private boolean canBeFlexible() {
        return !message.flexible().intersect(message.versions()).isEmpty();
    }

    private void guarded(VersionRange range, Runnable body) {
        String condition = condition(range);
        if (condition.isEmpty()) {
            body.run();
        } else {
            out.line("if (" + condition + ") {");
            body.run();
            out.line("}");
        }
    }

    private void guardedOrElse(VersionRange range, Runnable body, Runnable otherwise) {
        String condition = condition(range);
        if (condition.isEmpty()) {
            body.run();
        } else {
            out.line("if (" + condition + ") {");
            body.run();
            out.line("} else {");
            otherwise.run();
            out.line("}");
        }
    }

    private void statement(VersionRange range, VersionRange within, String inside, String outside) {
        if (range.covers(within)) {
            out.line(inside);
        } else if (range.intersect(within).isEmpty()) {
            out.line(outside);
        } else {
            out.line("if (" + condition(range) + ") {")
                    .line(inside)
                    .line("} else {")
                    .line(outside)
                    .line("}");
        }
    }

    private String choose(VersionRange range, VersionRange within, String inside, String outside) {
        if (range.covers(within)) {
            return inside;
        }
        return range.intersect(within).isEmpty()
                ? outside
                : "(" + condition(range) + " ? " + inside + " : " + outside + ")";
    }

    private static String parenthesized(String expression) {
        return expression.startsWith("(") && expression.endsWith(")")
                ? expression.substring(1, expression.length() - 1)
                : expression;
    }

    /** The condition under which a version of this message is in the range; empty if it always is. */
    private String condition(VersionRange range) {
        VersionRange all = message.versions();
        if (range.covers(all)) {
            return "";
        }
        if (range.first() == range.last()) {
            return NAME + " == " + range.first();
        }
        boolean lower = range.first() > all.first();
        boolean upper = range.last() < all.last();
        String from = NAME + " >= " + range.first();
        String until = NAME + " <= " + range.last();
        return lower && upper ? from + " && " + until : lower ? from : until;
    }
}
