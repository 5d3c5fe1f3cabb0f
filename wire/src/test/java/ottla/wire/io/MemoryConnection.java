package ottla.wire.io;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A connection to nobody. */
public final class MemoryConnection implements Connection {
    private static final AtomicLong IDS = new AtomicLong();

    private final long id = IDS.incrementAndGet();
    private final String listenerName;
    private final Loop loop;
    private volatile Principal principal = Principal.ANONYMOUS;
    private volatile ClientSoftware software = ClientSoftware.UNKNOWN;
    private final List<Runnable> closeTasks = new ArrayList<>();
    private volatile String closeReason = "";

    public MemoryConnection(String listenerName, Loop loop) {
        this.listenerName = listenerName;
        this.loop = loop;
    }

    /** Makes the client somebody. */
    public void authenticate(Principal as) {
        principal = as;
    }

    /** Why the connection was closed; empty as long as it is open. */
    public String closeReason() {
        return closeReason;
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public String listenerName() {
        return listenerName;
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 50_000);
    }

    @Override
    public InetSocketAddress localAddress() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 9092);
    }

    @Override
    public Principal principal() {
        return principal;
    }

    @Override
    public ClientSoftware clientSoftware() {
        return software;
    }

    @Override
    public void introduce(ClientSoftware introduced) {
        software = introduced;
    }

    @Override
    public Loop loop() {
        return loop;
    }

    @Override
    public boolean isOpen() {
        return closeReason.isEmpty();
    }

    @Override
    public void whenClosed(Runnable task) {
        closeTasks.add(task);
    }

    @Override
    public void close(String reason) {
        closeReason = reason;
        List<Runnable> tasks = List.copyOf(closeTasks);
        closeTasks.clear();
        tasks.forEach(loop::execute);
    }
}
