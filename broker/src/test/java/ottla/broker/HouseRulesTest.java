package ottla.broker;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The architecture, as far as a program can check it. */
class HouseRulesTest {
    private static final String[] SHELLS = {
        "ottla.wire.io..",
        "ottla.log.io..",
        "ottla.replication.io..",
        "ottla.coordinator.io..",
        "ottla.controller.io..",
        "ottla.broker.io.."
    };

    private static final List<String> FORBIDDEN_ENDINGS =
            List.of("Impl", "Manager", "Util", "Utils", "Helper", "Helpers");

    private final JavaClasses product = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            // the other modules' twins for tests come in jars of their own
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("ottla");

    @Test
    void theWholeProductIsLookedAt() {
        assertThat(product.stream().map(JavaClass::getPackageName))
                .contains("ottla.wire.io", "ottla.log.io", "ottla.replication.io", "ottla.coordinator.io")
                .contains("ottla.controller.io", "ottla.broker.io");
    }

    @Test
    void modulesDependOnEachOtherInOneDirection() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("wire")
                .definedBy("ottla.base..", "ottla.wire..")
                .layer("log")
                .definedBy("ottla.log..")
                .layer("replication")
                .definedBy("ottla.replication..")
                .layer("coordinator")
                .definedBy("ottla.coordinator..")
                .layer("controller")
                .definedBy("ottla.controller..")
                .layer("broker")
                .definedBy("ottla.broker..")
                .whereLayer("broker")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("controller")
                .mayOnlyBeAccessedByLayers("broker")
                .whereLayer("coordinator")
                .mayOnlyBeAccessedByLayers("broker")
                .whereLayer("replication")
                .mayOnlyBeAccessedByLayers("coordinator", "controller", "broker")
                .whereLayer("log")
                .mayOnlyBeAccessedByLayers("replication", "coordinator", "controller", "broker")
                .check(product);
    }

    @Test
    void onlyShellsTouchTheNetworkAndTheDisk() {
        noClasses()
                .that()
                .resideOutsideOfPackages(SHELLS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty..", "java.nio.channels..", "java.net.http..")
                .check(product);
    }

    @Test
    void machinesKnowNoThreadsClocksOrChance() {
        noClasses()
                .that(resideInAnyPackage(
                        "ottla.replication.quorum..",
                        "ottla.replication.partition..",
                        "ottla.replication.machine..",
                        "ottla.replication.session..",
                        "ottla.coordinator.group..",
                        "ottla.coordinator.offset..",
                        "ottla.controller.image..",
                        "ottla.controller.decide..",
                        "ottla.controller.place..",
                        "ottla.controller.quota..",
                        "ottla.log.append..",
                        "ottla.log.epoch..",
                        "ottla.log.producer..",
                        "ottla.log.retain.."))
                .should()
                .dependOnClassesThat(new DescribedPredicate<>("are threads, locks, files or sockets") {
                    @Override
                    public boolean test(JavaClass type) {
                        return type.isAssignableTo(Thread.class)
                                || type.getPackageName().startsWith("java.util.concurrent.locks")
                                || type.getName().equals("java.nio.file.Files")
                                || type.getName().startsWith("java.net.Socket");
                    }
                })
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(Math.class, "random")
                .check(product);
    }

    @Test
    void kafkaIsNoPartOfTheProduct() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.kafka..", "kafka..")
                .check(product);
    }

    @Test
    void namesAreRolesOrNouns() {
        classes()
                .should(new com.tngtech.archunit.lang.ArchCondition<JavaClass>("have no empty words in their names") {
                    @Override
                    public void check(JavaClass type, com.tngtech.archunit.lang.ConditionEvents events) {
                        String name = type.getSimpleName();
                        boolean empty = FORBIDDEN_ENDINGS.stream().anyMatch(name::endsWith)
                                || name.startsWith("Abstract")
                                || name.endsWith("Base");
                        if (empty) {
                            events.add(com.tngtech.archunit.lang.SimpleConditionEvent.violated(
                                    type, type.getName() + " is named for nothing"));
                        }
                    }
                })
                .check(product);
    }
}
