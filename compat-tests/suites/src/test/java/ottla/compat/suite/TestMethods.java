package ottla.compat.suite;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Which methods of a class are tests, as JUnit finds them. */
final class TestMethods {
    private TestMethods() {}

    /** By unique id: the names of the methods of each class, which are not empty. */
    static Map<String, Map<String, String>> of(List<String> classes) {
        Map<String, Map<String, String>> all = new LinkedHashMap<>();
        classes.forEach(name -> {
            Map<String, String> methods = of(name);
            if (!methods.isEmpty()) {
                all.put(name, methods);
            }
        });
        return all;
    }

    private static Map<String, String> of(String className) {
        TestPlan plan = LauncherFactory.create()
                .discover(LauncherDiscoveryRequestBuilder.request()
                        .selectors(DiscoverySelectors.selectClass(className))
                        .build());
        Map<String, String> methods = new LinkedHashMap<>();
        List<TestIdentifier> open = new ArrayList<>(plan.getRoots());
        while (!open.isEmpty()) {
            TestIdentifier next = open.removeLast();
            if (next.getSource().orElse(null) instanceof MethodSource method) {
                methods.put(next.getUniqueId(), method.getClassName() + "#" + method.getMethodName());
            } else {
                open.addAll(plan.getChildren(next));
            }
        }
        return methods;
    }
}
