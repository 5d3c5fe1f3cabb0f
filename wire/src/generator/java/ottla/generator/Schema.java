package ottla.generator;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What the schema files say, as values. */
final class Schema {
    private Schema() {}

    /** One message: a request, a response, a record, a key, a value or a plain datum. */
    record MessageType(
            Kind kind,
            OptionalInt id,
            String name,
            VersionRange versions,
            VersionRange flexible,
            List<Field> fields,
            Map<String, Struct> sharedStructs) {}

    /** An API: its request and response stand in one file. */
    record ApiType(
            int key,
            String name,
            List<String> listeners,
            boolean latestUnstable,
            MessageType request,
            MessageType response) {}

    /** A struct that several fields of one message use. */
    record Struct(String name, VersionRange versions, List<Field> fields) {}

    record Field(
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
    record FieldType(String element, boolean array) {
        boolean isStruct() {
            return Character.isUpperCase(element.charAt(0));
        }
    }

    enum Kind {
        REQUEST,
        RESPONSE,
        RECORD,
        KEY,
        VALUE,
        DATA
    }
}
