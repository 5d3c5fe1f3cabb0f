package ottla.wire.io;

import java.net.InetSocketAddress;

/** A client's connection. Belongs to one loop for all its life; every method may be called from any thread. */
public interface Connection {
    /** A number that no other connection of this process has or had. */
    long id();

    /** The name of the listener that accepted it. */
    String listenerName();

    InetSocketAddress remoteAddress();

    InetSocketAddress localAddress();

    /** Who was authenticated, or {@link Principal#ANONYMOUS}. */
    Principal principal();

    ClientSoftware clientSoftware();

    /** Keeps what the client said about itself. */
    void introduce(ClientSoftware software);

    /** Where this connection's requests are handled. */
    Loop loop();

    /** False as soon as the connection is closed from either side. */
    boolean isOpen();

    /** Runs the task on the loop when the connection is closed from either side, at once if it is. */
    void whenClosed(Runnable task);

    /** Closes the connection and forgets the answers that were not sent. */
    void close(String reason);
}
