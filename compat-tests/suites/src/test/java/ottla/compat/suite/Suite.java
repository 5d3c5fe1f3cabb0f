package ottla.compat.suite;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** A part of the tests that Kafka publishes, as far as it makes its clusters with Kafka's test kit. */
enum Suite {
    CLIENTS,
    TOOLS,
    CORE;

    /** What the bytes of a class have in them that takes its clusters from the kit. */
    private static final List<String> SIGNS = List.of(
            "Lorg/apache/kafka/common/test/api/ClusterT", "org/apache/kafka/common/test/KafkaClusterTestKit$Builder");

    String title() {
        return name().toLowerCase(Locale.ROOT);
    }

    private List<String> modules() {
        return switch (this) {
            case CLIENTS -> List.of("kafka-clients-integration-tests");
            case TOOLS -> List.of("kafka-tools");
            case CORE -> List.of("kafka_2.13", "kafka-server");
        };
    }

    /** The names of its test classes, in order. */
    List<String> classes() {
        TreeSet<String> classes = new TreeSet<>();
        modules().forEach(module -> classes.addAll(classes(jar(module))));
        return new ArrayList<>(classes);
    }

    private static Path jar(String module) {
        String name = module + "-4.3.1-test.jar";
        return Arrays.stream(WorkerProcess.CLASS_PATH.split(File.pathSeparator))
                .map(Path::of)
                .filter(entry -> entry.getFileName().toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(name + " is not on the class path"));
    }

    private static Set<String> classes(Path path) {
        TreeSet<String> classes = new TreeSet<>();
        try (JarFile jar = new JarFile(path.toFile())) {
            for (JarEntry entry : Collections.list(jar.entries())) {
                String name = entry.getName();
                if (name.endsWith("Test.class") && !name.contains("$") && hasSign(jar, entry)) {
                    classes.add(
                            name.substring(0, name.length() - ".class".length()).replace('/', '.'));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return classes;
    }

    private static boolean hasSign(JarFile jar, JarEntry entry) throws IOException {
        try (InputStream in = jar.getInputStream(entry)) {
            String bytes = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            return SIGNS.stream().anyMatch(bytes::contains);
        }
    }
}
