package ottla.wire.message;

import ottla.wire.primitive.Message;

/** What is answered. */
public interface Response extends Message {
    /** For how long the client is to be quiet after this; 0 where an API or a version cannot say it. */
    default int throttleTimeMs() {
        return 0;
    }
}
