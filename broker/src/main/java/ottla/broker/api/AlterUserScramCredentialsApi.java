package ottla.broker.api;

import ottla.controller.io.ControllerRequests;
import ottla.wire.io.InboundRequest;
import ottla.wire.message.AlterUserScramCredentialsRequest;
import ottla.wire.message.ApiKey;

/** Sets and deletes users' SCRAM credentials (KIP-554); the controller decides. */
public final class AlterUserScramCredentialsApi implements Api<AlterUserScramCredentialsRequest> {
    private final ControllerRequests controller;

    public AlterUserScramCredentialsApi(ControllerRequests controller) {
        this.controller = controller;
    }

    @Override
    public ApiKey key() {
        return ApiKey.ALTER_USER_SCRAM_CREDENTIALS;
    }

    @Override
    public void serve(AlterUserScramCredentialsRequest request, InboundRequest inbound) {
        Later.answer(inbound, controller.alterUserScramCredentials(request));
    }
}
