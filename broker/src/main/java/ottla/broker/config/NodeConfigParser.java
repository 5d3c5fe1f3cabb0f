package ottla.broker.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import ottla.broker.config.NodeConfig.Parsed;
import ottla.broker.config.NodeConfig.Role;

/** Puts the pieces of a node's configuration together and checks how they fit. Used once and thrown away. */
final class NodeConfigParser {
    private final Values values;
    private final List<String> warnings;
    private final List<String> problems = new ArrayList<>();

    NodeConfigParser(Values values, List<String> warnings) {
        this.values = values;
        this.warnings = warnings;
    }

    Parsed parse() {
        Set<Role> roles = roles();
        int nodeId = nodeId();
        Listeners listeners = new Listeners(values, problems);
        List<Listener> bound = listeners.bound();
        if (!problems.isEmpty()) {
            // what follows would only repeat them in other words
            return new Parsed.Refused(problems);
        }
        List<String> controllerNames = values.list("controller.listener.names");
        List<Listener> advertised = roles.contains(Role.BROKER) ? listeners.advertised(controllerNames) : List.of();
        List<Listener> advertisedControllers =
                roles.contains(Role.CONTROLLER) ? listeners.advertisedControllers(controllerNames) : List.of();
        String interBroker = roles.contains(Role.BROKER) ? listeners.interBroker(advertised) : "";
        new RoleRules(values, roles, problems).checkListeners(controllerNames, bound);
        List<Voter> voters = voters();
        List<Listener> bootstrap = bootstrapServers();
        if (voters.isEmpty() && bootstrap.isEmpty()) {
            refuse("controller.quorum.voters or controller.quorum.bootstrap.servers must be set.");
        }
        new RoleRules(values, roles, problems).checkVoters(nodeId, voters);
        List<Path> logDirs = logDirs();
        Relations.check(values, problems);
        Unsupported.check(values, problems);
        if (!problems.isEmpty()) {
            return new Parsed.Refused(problems);
        }
        Path metadataDir = values.find("metadata.log.dir").map(Path::of).orElse(logDirs.getFirst());
        if (!logDirs.contains(metadataDir)) {
            refuse("metadata.log.dir is " + metadataDir
                    + ", but this version of Ottla keeps the metadata log in one of log.dirs: " + logDirs + ".");
            return new Parsed.Refused(problems);
        }
        NodeConfig config = new NodeConfig(
                nodeId,
                roles,
                bound,
                advertised,
                advertisedControllers,
                interBroker,
                controllerNames,
                voters,
                bootstrap,
                logDirs,
                metadataDir,
                values);
        return new Parsed.Accepted(config, List.copyOf(warnings));
    }

    private List<Listener> bootstrapServers() {
        List<Listener> servers = new ArrayList<>();
        for (String server : values.list("controller.quorum.bootstrap.servers")) {
            Listener.parse("CONTROLLER://" + server)
                    .filter(at -> !at.host().isEmpty())
                    .ifPresentOrElse(
                            servers::add,
                            () -> refuse(
                                    "Invalid value " + server
                                            + " for configuration controller.quorum.bootstrap.servers: each entry is host:port."));
        }
        return servers;
    }

    private Set<Role> roles() {
        Set<Role> roles = EnumSet.noneOf(Role.class);
        List<String> words = values.list("process.roles");
        words.forEach(word -> roles.add(Role.valueOf(word.toUpperCase(Locale.ROOT))));
        if (roles.isEmpty()) {
            refuse("process.roles must be set: broker, controller, or both separated by a comma.");
        }
        return roles;
    }

    private int nodeId() {
        Optional<String> id = values.find("node.id");
        Optional<String> brokerId = values.isSet("broker.id") ? values.find("broker.id") : Optional.empty();
        if (id.isEmpty() && brokerId.isEmpty()) {
            refuse("node.id must be set: a number of 0 or more that no other node of the cluster has.");
            return -1;
        }
        if (id.isPresent() && brokerId.isPresent() && !id.equals(brokerId)) {
            refuse("node.id is " + id.get() + ", but its old name broker.id says " + brokerId.get() + ".");
        }
        return Integer.parseInt(id.or(() -> brokerId).orElseThrow());
    }

    private List<Voter> voters() {
        List<Voter> voters = new ArrayList<>();
        for (String text : values.list("controller.quorum.voters")) {
            Voter.parse(text)
                    .ifPresentOrElse(
                            voters::add,
                            () -> refuse("Invalid value " + text
                                    + " for configuration controller.quorum.voters: each voter is id@host:port."));
        }
        return voters;
    }

    private List<Path> logDirs() {
        Set<Path> dirs = new LinkedHashSet<>();
        for (String word : values.logDirs()) {
            if (!dirs.add(Path.of(word))) {
                warnings.add("The key log.dirs names " + word + " twice; it counts once.");
            }
        }
        if (dirs.isEmpty()) {
            refuse("log.dirs must name at least one directory.");
        }
        return List.copyOf(dirs);
    }

    private void refuse(String sentence) {
        problems.add(sentence);
    }
}
