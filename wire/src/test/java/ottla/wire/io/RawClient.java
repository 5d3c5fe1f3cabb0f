package ottla.wire.io;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import ottla.wire.message.ApiKey;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.message.header.RequestHeader;
import ottla.wire.message.header.ResponseHeader;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/** A blocking socket that sends whatever a test likes. Reads give up after a while, so that a failing test ends. */
final class RawClient implements AutoCloseable {
    private static final int GIVE_UP_MS = 10_000;

    private final Socket socket = new Socket();
    private final DataInputStream in;

    /** An answer as it came. */
    record Answer(int correlationId, Response response) {}

    RawClient(InetSocketAddress address) throws IOException {
        this(address, 64 * 1024);
    }

    RawClient(InetSocketAddress address, int receiveBufferBytes) throws IOException {
        socket.setReceiveBufferSize(receiveBufferBytes);
        socket.setSoTimeout(GIVE_UP_MS);
        socket.connect(address);
        in = new DataInputStream(socket.getInputStream());
    }

    /** A whole frame, length included. */
    static ByteBuffer frame(ApiKey api, int version, int correlationId, String clientId, Request request) {
        Writer writer = new Writer(256);
        writer.int32(0);
        new RequestHeader(api.id(), (short) version, correlationId, clientId)
                .write(writer, api.requestHeaderVersion(version));
        request.write(writer, version);
        ByteBuffer frame = writer.toBuffer();
        return frame.putInt(0, frame.remaining() - Integer.BYTES);
    }

    RawClient send(ByteBuffer bytes) throws IOException {
        socket.getOutputStream().write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
        return this;
    }

    RawClient send(ApiKey api, int version, int correlationId, Request request) throws IOException {
        return send(frame(api, version, correlationId, "raw", request));
    }

    ByteBuffer readFrame() throws IOException {
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        return ByteBuffer.wrap(frame);
    }

    Answer read(ApiKey api, int version) throws IOException {
        Reader reader = new Reader(readFrame());
        int correlationId =
                ResponseHeader.read(reader, api.responseHeaderVersion(version)).correlationId();
        Response response = api.readResponse(reader, version);
        reader.expectEnd();
        return new Answer(correlationId, response);
    }

    /** Waits until the other side closes; what still comes before is dropped. */
    boolean isClosedByServer() throws IOException {
        try {
            while (in.read() >= 0) {}
            return true;
        } catch (EOFException | SocketException e) {
            return true;
        }
    }

    /** Closes without the usual goodbye. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    Socket socket() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
