package ottla.wire.io;

import ottla.wire.message.ApiKey;

/** Which APIs a listener serves, in which versions. A request for anything else closes the connection, as Kafka does. */
@FunctionalInterface
public interface ServedApis {
    /** Every version of every API that exists. */
    ServedApis ALL = (api, version) -> version >= api.minVersion() && version <= api.maxVersion();

    boolean serves(ApiKey api, int version);
}
