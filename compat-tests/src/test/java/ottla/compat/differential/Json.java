package ottla.compat.differential;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/** Messages to and from JSON by the converters that Kafka generates, found by their names. */
final class Json {
    private Json() {}

    static JsonNode of(ApiMessage message, short version) {
        return (JsonNode) call(message.getClass(), "write", message, version);
    }

    static ApiMessage request(ApiKeys api, JsonNode fields, short version) {
        return (ApiMessage) call(api.messageType.newRequest().getClass(), "read", fields, version);
    }

    private static Object call(Class<?> type, String name, Object... arguments) {
        try {
            for (Method method : Class.forName(type.getName() + "JsonConverter").getMethods()) {
                if (method.getName().equals(name) && method.getParameterCount() == arguments.length) {
                    return method.invoke(null, arguments);
                }
            }
            throw new AssertionError("no " + name + " for " + type);
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException(
                    type.getSimpleName() + ": " + e.getCause().getMessage(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
