package ottla.compat;

import com.github.dockerjava.api.command.InspectContainerResponse;
import java.nio.file.Path;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.ImageFromDockerfile;
import org.testcontainers.images.builder.Transferable;

/** One node in a container of {@code bin/Dockerfile}, for clients outside of it. */
final class OttlaContainer extends GenericContainer<OttlaContainer> {
    private static final int PORT = 9092;
    private static final String STARTER = "/tmp/start.sh";

    OttlaContainer() {
        super(image());
        withExposedPorts(PORT);
        // under which port clients find it is known only when the container runs
        withCreateContainerCmdModifier(command -> command.withEntrypoint("sh"));
        withCommand("-c", "while [ ! -s " + STARTER + " ]; do sleep 0.05; done; exec sh " + STARTER);
        waitingFor(Wait.forLogMessage(".* is ready: node .*\\n", 1));
    }

    private static ImageFromDockerfile image() {
        Path root = BrokerKind.launcher().getParent().getParent();
        return new ImageFromDockerfile()
                .withFileFromPath("Dockerfile", root.resolve("bin/Dockerfile"))
                .withFileFromPath("bin", root.resolve("bin"))
                .withFileFromPath("broker/target/dist", root.resolve("broker/target/dist"));
    }

    @Override
    protected void containerIsStarting(InspectContainerResponse info) {
        String script = "exec /opt/ottla/bin/ottla start"
                + " --override listeners=PLAINTEXT://:9092,CONTROLLER://localhost:9093"
                + " --override advertised.listeners=PLAINTEXT://" + bootstrap() + "\n";
        copyFileToContainer(Transferable.of(script), STARTER);
    }

    /** Where clients find it. */
    String bootstrap() {
        return getHost() + ":" + getMappedPort(PORT);
    }
}
