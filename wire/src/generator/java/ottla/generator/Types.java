package ottla.generator;

import java.util.List;
import java.util.Map;
import ottla.generator.Schema.Field;
import ottla.generator.Schema.FieldType;
import ottla.generator.Schema.MessageType;
import ottla.generator.Schema.Struct;

/** How schema types look in Java. */
final class Types {
    private static final Map<String, Primitive> PRIMITIVES = Map.ofEntries(
            Map.entry("bool", new Primitive("boolean", "Boolean", "bool", 1)),
            Map.entry("int8", new Primitive("byte", "Byte", "int8", 1)),
            Map.entry("int16", new Primitive("short", "Short", "int16", 2)),
            Map.entry("uint16", new Primitive("int", "Integer", "uint16", 2)),
            Map.entry("int32", new Primitive("int", "Integer", "int32", 4)),
            Map.entry("uint32", new Primitive("long", "Long", "uint32", 4)),
            Map.entry("int64", new Primitive("long", "Long", "int64", 8)),
            Map.entry("float64", new Primitive("double", "Double", "float64", 8)),
            Map.entry("uuid", new Primitive("Uuid", "Uuid", "uuid", 16)));

    private Types() {}

    /** A type of fixed size: its Java types, the method of Reader and Writer, its size. */
    record Primitive(String java, String boxed, String method, int sizeBytes) {}

    static Primitive primitive(FieldType type) {
        return PRIMITIVES.get(type.element());
    }

    static boolean isFixed(FieldType type) {
        return PRIMITIVES.containsKey(type.element());
    }

    /** The element's Java type, as a type argument where it stands in a list. */
    static String element(FieldType type) {
        if (isFixed(type)) {
            return type.array() ? primitive(type).boxed() : primitive(type).java();
        }
        return switch (type.element()) {
            case "string" -> "String";
            case "bytes" -> "ByteBuffer";
            case "records" -> "Payload";
            default -> type.element();
        };
    }

    static String java(Field field) {
        String bare = field.type().array() ? "List<" + element(field.type()) + ">" : element(field.type());
        return isNullable(field) ? "@Nullable " + bare : bare;
    }

    static boolean isNullable(Field field) {
        return !field.nullable().isEmpty() || field.type().element().equals("records");
    }

    static String defaultOf(Field field) {
        FieldType type = field.type();
        String given = field.defaultValue().orElse("");
        if (given.equals("null") || (type.element().equals("records") && !type.array())) {
            return "null";
        }
        if (type.array()) {
            return "List.of()";
        }
        return switch (type.element()) {
            case "bool" -> given.isEmpty() ? "false" : given;
            case "int8" -> "(byte) " + (given.isEmpty() ? "0" : given);
            case "int16" -> "(short) " + (given.isEmpty() ? "0" : given);
            case "int32", "uint16" -> given.isEmpty() ? "0" : given;
            case "int64", "uint32" -> (given.isEmpty() ? "0" : given) + "L";
            case "float64" -> given.isEmpty() ? "0.0" : given;
            case "uuid" -> "Uuid.ZERO";
            case "string" -> given.isEmpty() ? "\"\"" : given;
            case "bytes" -> "ByteBuffer.allocate(0)";
            default -> type.element() + ".DEFAULT";
        };
    }

    /** A Java expression that holds when {@code value} is the field's default. */
    static String isDefault(Field field, String value) {
        String standard = defaultOf(field);
        if (standard.equals("null")) {
            return value + " == null";
        }
        if (field.type().array()) {
            return isNullable(field) ? value + " != null && " + value + ".isEmpty()" : value + ".isEmpty()";
        }
        return switch (field.type().element()) {
            case "bool" -> standard.equals("true") ? value : "!" + value;
            case "int8", "int16", "int32", "uint16", "int64", "uint32" ->
                value + " == " + standard.replaceFirst("^\\(\\w+\\) ", "");
            case "float64" -> value + " == " + standard;
            case "bytes" ->
                isNullable(field)
                        ? value + " != null && !" + value + ".hasRemaining()"
                        : "!" + value + ".hasRemaining()";
            default -> standard + ".equals(" + value + ")";
        };
    }

    /** The least number of bytes that one element of the type takes in any of the versions. */
    static int leastBytes(FieldType type, List<Field> children, MessageType message, VersionRange within) {
        int least = Integer.MAX_VALUE;
        for (int version = within.first(); version <= within.last(); version++) {
            least = Math.min(least, elementBytes(type, children, message, version));
        }
        return Math.max(1, least);
    }

    private static int elementBytes(FieldType type, List<Field> children, MessageType message, int version) {
        boolean flexible = message.flexible().contains(version);
        if (isFixed(type)) {
            return primitive(type).sizeBytes();
        }
        if (!type.isStruct()) {
            return flexible ? 1 : type.element().equals("string") ? 2 : 4;
        }
        Struct shared = message.sharedStructs().get(type.element());
        int bytes = flexible ? 1 : 0;
        for (Field field : shared == null ? children : shared.fields()) {
            if (field.versions().contains(version) && !field.tagged().contains(version)) {
                bytes += fieldBytes(field, message, version, flexible);
            }
        }
        return bytes;
    }

    private static int fieldBytes(Field field, MessageType message, int version, boolean flexible) {
        if (field.type().array()) {
            return flexible ? 1 : 4;
        }
        if (field.type().isStruct() && field.nullable().contains(version)) {
            return 1;
        }
        return elementBytes(field.type(), field.fields(), message, version);
    }
}
