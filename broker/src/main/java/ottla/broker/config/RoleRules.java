package ottla.broker.config;

import java.util.List;
import java.util.Set;
import ottla.broker.config.NodeConfig.Role;

/** What a node's roles ask of its listeners and of the quorum's voters, as Kafka checks it at start. */
final class RoleRules {
    private final Values values;
    private final Set<Role> roles;
    private final List<String> problems;

    RoleRules(Values values, Set<Role> roles, List<String> problems) {
        this.values = values;
        this.roles = roles;
        this.problems = problems;
    }

    void checkListeners(List<String> controllerNames, List<Listener> bound) {
        List<String> names = bound.stream().map(Listener::name).toList();
        if (roles.contains(Role.CONTROLLER)) {
            if (controllerNames.isEmpty() || !names.containsAll(controllerNames)) {
                refuseNames("each must be one of the names in listeners: " + names
                        + ", when process.roles contains controller");
            }
            if (!roles.contains(Role.BROKER) && !controllerNames.containsAll(names)) {
                problems.add("listeners has the names " + names + ", but only those of controller.listener.names, "
                        + controllerNames + ", are allowed when process.roles is controller.");
            }
        } else if (controllerNames.isEmpty()) {
            refuseNames("it must name the listener of the controllers");
        } else if (names.stream().anyMatch(controllerNames::contains)) {
            refuseNames("none may be one of the names in listeners: " + names + ", when process.roles is broker");
        }
    }

    void checkVoters(int nodeId, List<Voter> voters) {
        List<Integer> ids = voters.stream().map(Voter::nodeId).toList();
        if (ids.isEmpty()) {
            return;
        }
        if (roles.contains(Role.CONTROLLER) && !ids.contains(nodeId)) {
            problems.add("controller.quorum.voters names the nodes " + ids + ", but node.id is " + nodeId
                    + ": when process.roles contains controller, the node must be one of them.");
        } else if (!roles.contains(Role.CONTROLLER) && ids.contains(nodeId)) {
            problems.add("controller.quorum.voters names node " + nodeId
                    + ", which is node.id: when process.roles is broker, the node must not be one of them.");
        }
    }

    private void refuseNames(String what) {
        problems.add("controller.listener.names is "
                + values.find("controller.listener.names")
                        .filter(text -> !text.isBlank())
                        .orElse("not set")
                + ", but " + what + ".");
    }
}
