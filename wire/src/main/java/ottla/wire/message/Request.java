package ottla.wire.message;

import ottla.wire.primitive.Message;

/** What a client or another node asks. */
public interface Request extends Message {
    ApiKey apiKey();
}
