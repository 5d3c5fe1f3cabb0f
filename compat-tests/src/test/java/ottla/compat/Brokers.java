package ottla.compat;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.support.ParameterDeclarations;

/** Starts one broker process of each kind, each when its turn comes. {@code -Dottla.compat.brokers=ottla} leaves one out. */
public final class Brokers implements ArgumentsProvider {
    @Override
    public Stream<? extends Arguments> provideArguments(ParameterDeclarations parameters, ExtensionContext context) {
        String name = context.getRequiredTestClass().getSimpleName();
        return kinds().map(kind -> Arguments.of(BrokerProcess.start(kind, name, Map.of())));
    }

    public static Stream<BrokerKind> kinds() {
        return Stream.of(System.getProperty("ottla.compat.brokers", "ottla,kafka")
                        .split(","))
                .map(kind -> BrokerKind.valueOf(kind.toUpperCase(Locale.ROOT)));
    }
}
