package ottla.generator;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What the schema files say, as values. */
public final class Schema {
    private Schema() {}

    /** One message: a request, a response, a record, a key, a value or a plain datum. */
    public record MessageType(
            Kind kind,
            OptionalInt id,
            String name,
            VersionRange versions,
            VersionRange flexible,
            List<Field> fields,
            Map<String, Struct> sharedStructs) {}

    /** An API: its request and response stand in one file. */
    public record ApiType(
            int key,
            String name,
            List<String> listeners,
            boolean latestUnstable,
            MessageType request,
            MessageType response) {}

    /** A struct that several fields of one message use. */
    public record Struct(String name, VersionRange versions, List<Field> fields) {}

    public record Field(
            String name,
            FieldType type,
            VersionRange versions,
            VersionRange nullable,
            OptionalInt tag,
            VersionRange tagged,
            boolean ignorable,
            boolean inflexible,
            Optional<String> defaultValue,
            List<Field> fields) {}

    /** A primitive or a struct, or an array of either. */
    public record FieldType(String element, boolean array) {
        boolean isStruct() {
            return Character.isUpperCase(element.charAt(0));
        }
    }

    public enum Kind {
        REQUEST,
        RESPONSE,
        RECORD,
        KEY,
        VALUE,
        DATA
    }
}
