package ottla.compat.bridge;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.mockito.Mockito;
import org.mockito.invocation.InvocationOnMock;

/**
 * Objects of Kafka's own classes that stand in for those of another process. They answer what can be seen of it from outside; whoever
 * asks for more learns by an {@link Unseen} that there is no answer.
 */
final class StandIn {
    /** In the name of a method that is nothing but the default of another one's parameter. */
    private static final String SCALA_DEFAULT = "$default$";

    private StandIn() {}

    /**
     * What a test wants to know and nobody can see from outside. An {@link Error}, since the tests' loops that wait for something
     * take an exception for "not yet".
     */
    static final class Unseen extends Error {
        private static final long serialVersionUID = 1L;

        Unseen(String what) {
            super("not to be seen from outside of a process: " + what);
            Sightings.missed(what);
        }
    }

    /** @param answers has a method of the same name and as many parameters for each one that can be answered */
    static <T> T of(Class<T> type, Object answers) {
        return Mockito.mock(type, Mockito.withSettings().stubOnly().defaultAnswer(call -> answer(type, answers, call)));
    }

    private static Object answer(Class<?> type, Object answers, InvocationOnMock call) throws Throwable {
        Method asked = call.getMethod();
        if (asked.getDeclaringClass() == Object.class) {
            return switch (asked.getName()) {
                case "toString" -> answers.toString();
                case "hashCode" -> System.identityHashCode(call.getMock());
                default -> System.identityHashCode(call.getMock()) == System.identityHashCode(call.getArgument(0));
            };
        }
        if (asked.getName().contains(SCALA_DEFAULT)) {
            return call.callRealMethod();
        }
        Optional<Method> answering = answering(answers.getClass(), asked);
        if (answering.isEmpty()) {
            throw new Unseen(type.getSimpleName() + "." + asked.getName());
        }
        answering.get().setAccessible(true);
        try {
            return answering.get().invoke(answers, call.getArguments());
        } catch (InvocationTargetException failed) {
            throw failed.getCause();
        }
    }

    /** A class's own answer, or that of the class that it extends. */
    private static Optional<Method> answering(Class<?> answers, Method asked) {
        return Stream.<Class<?>>iterate(answers, type -> type != Object.class, Class::getSuperclass)
                .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
                .filter(method -> method.getName().equals(asked.getName())
                        && method.getParameterCount() == asked.getParameterCount())
                .findFirst();
    }
}
