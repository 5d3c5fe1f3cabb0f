package ottla.compat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.stream.IntStream;

/**
 * Free ports for brokers. They lie below the range from which systems take the ports of outgoing connections, so that none can
 * be taken between the time it was found free and the time a broker (re)starts on it.
 */
public final class Ports {
    private static final int FIRST = Integer.getInteger("ottla.compat.port.first", 21500);
    private static final int COUNT = 300;
    private static int next = (int) (ProcessHandle.current().pid() % COUNT);

    private Ports() {}

    public static synchronized int free() {
        for (int tried = 0; tried < COUNT; tried++) {
            int port = FIRST + next;
            next = (next + 1) % COUNT;
            if (isFree(port)) {
                return port;
            }
        }
        throw new AssertionError("no free port from " + FIRST + " to " + (FIRST + COUNT - 1));
    }

    /** The first of so many ports in a row. */
    static synchronized int freeInARow(int count) {
        for (int tried = 0; tried < COUNT; tried++) {
            if (next + count > COUNT) {
                next = 0;
            }
            int first = FIRST + next;
            next += IntStream.range(0, count).allMatch(index -> isFree(first + index)) ? count : 1;
            if (next == first - FIRST + count) {
                return first;
            }
        }
        throw new AssertionError("no " + count + " free ports in a row from " + FIRST + " on");
    }

    private static boolean isFree(int port) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
            return true;
        } catch (java.net.BindException taken) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
