/**
 * The network: frames, connections as a server and as a client, back-pressure. The only package of this module that knows
 * sockets and threads. Everything of one connection happens on its {@link ottla.wire.io.Loop}.
 */
@NullMarked
package ottla.wire.io;

import org.jspecify.annotations.NullMarked;
