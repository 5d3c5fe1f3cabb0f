package ottla.broker.api;

import ottla.coordinator.group.GroupCaller;
import ottla.wire.io.InboundRequest;

/** Who sent a request, in the words of those who want to know. */
final class Callers {
    private Callers() {}

    static GroupCaller of(InboundRequest inbound) {
        // groups show a member's host with the slash that Java puts before an address without a name
        return new GroupCaller(
                inbound.clientId(),
                "/" + inbound.connection().remoteAddress().getAddress().getHostAddress());
    }
}
