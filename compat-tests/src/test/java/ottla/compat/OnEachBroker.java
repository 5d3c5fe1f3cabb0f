package ottla.compat;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ArgumentsSource;

/**
 * Runs all tests of a class on one broker process, then on the next kind. The class takes the {@link BrokerProcess} in its
 * constructor; JUnit closes it after the last test. Tests of one class share the broker and keep to topics of their own.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedClass(name = "{0}")
@ArgumentsSource(Brokers.class)
@interface OnEachBroker {}
