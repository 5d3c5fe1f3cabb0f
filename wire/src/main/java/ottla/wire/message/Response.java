package ottla.wire.message;

import ottla.wire.primitive.Message;

/** What is answered. */
public interface Response extends Message {}
