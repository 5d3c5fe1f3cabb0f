package ottla.compat.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;

/** One place where two answers are not the same. */
record Difference(String path, String expected, String actual) {
    private static final int SHOWN = 400;

    static List<Difference> between(JsonNode expected, JsonNode actual) {
        List<Difference> found = new ArrayList<>();
        compare("", expected, actual, found);
        return found;
    }

    private static void compare(String path, JsonNode expected, JsonNode actual, List<Difference> found) {
        if (expected.isObject() && actual.isObject()) {
            TreeSet<String> names = new TreeSet<>();
            expected.fieldNames().forEachRemaining(names::add);
            actual.fieldNames().forEachRemaining(names::add);
            for (String name : names) {
                compare(path + "." + name, expected.path(name), actual.path(name), found);
            }
        } else if (expected.isArray() && actual.isArray() && expected.size() == actual.size()) {
            Iterator<JsonNode> others = actual.elements();
            int index = 0;
            for (JsonNode element : expected) {
                compare(path + "[" + index++ + "]", element, others.next(), found);
            }
        } else if (expected.isArray() && actual.isArray()) {
            found.add(new Difference(
                    path, "with " + shown(without(expected, actual)), "with " + shown(without(actual, expected))));
        } else if (!expected.equals(actual)) {
            found.add(new Difference(path, shown(expected), shown(actual)));
        }
    }

    /** What is in one list and not in the other. */
    private static JsonNode without(JsonNode list, JsonNode other) {
        ArrayNode rest = JsonNodeFactory.instance.arrayNode();
        list.forEach(rest::add);
        for (JsonNode element : other) {
            for (int i = 0; i < rest.size(); i++) {
                if (rest.get(i).equals(element)) {
                    rest.remove(i);
                    break;
                }
            }
        }
        return rest;
    }

    /** The path without the places in arrays, by which like differences are counted together. */
    String kind() {
        return path.replaceAll("\\[\\d+]", "[]");
    }

    private static String shown(JsonNode node) {
        String text = node.isMissingNode() ? "(none)" : node.toString();
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }
}
