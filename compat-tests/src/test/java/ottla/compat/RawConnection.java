package ottla.compat;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;

/**
 * One blocking connection that sends any request in any version and waits for its answer. It writes and reads with Kafka's own
 * message classes, so that a mistake in Ottla's codec cannot hide by being made on both sides. Owned by one thread.
 */
public final class RawConnection implements AutoCloseable {
    private static final int ANSWER_TIMEOUT_MS = 20_000;
    private static final String CLIENT_ID = "raw";
    private static final String LOOPBACK = "127.0.0.1";

    private final Socket socket = new Socket();
    private final String clientId;
    private final DataInputStream in;
    private int correlationId;

    public RawConnection(int port) throws IOException {
        this(port, CLIENT_ID);
    }

    /** A client that calls itself so. */
    public RawConnection(int port, String clientId) throws IOException {
        this(LOOPBACK, port, clientId);
    }

    /** To another address than that of this machine. */
    RawConnection(String host, int port) throws IOException {
        this(host, port, CLIENT_ID);
    }

    private RawConnection(String host, int port, String clientId) throws IOException {
        this.clientId = clientId;
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(ANSWER_TIMEOUT_MS);
        socket.connect(new InetSocketAddress(InetAddress.ofLiteral(host), port), ANSWER_TIMEOUT_MS);
        in = new DataInputStream(socket.getInputStream());
    }

    /** A request whose answer has not been read yet. */
    public record Sent(ApiKeys api, short version, int correlationId) {}

    public ApiMessage ask(ApiKeys api, int version, ApiMessage request) throws IOException {
        return receive(send(api, version, request));
    }

    public Sent send(ApiKeys api, int version, ApiMessage request) throws IOException {
        sendBytes(frame(api, version, request, ++correlationId, clientId));
        return new Sent(api, (short) version, correlationId);
    }

    /** A request as it goes over the wire, its length first. */
    public static ByteBuffer frame(ApiKeys api, int version, ApiMessage request, int correlationId) {
        return frame(api, version, request, correlationId, CLIENT_ID);
    }

    static ByteBuffer frame(ApiKeys api, int version, ApiMessage request, int correlationId, String clientId) {
        short atVersion = (short) version;
        RequestHeaderData header = new RequestHeaderData()
                .setRequestApiKey(api.id)
                .setRequestApiVersion(atVersion)
                .setClientId(clientId)
                .setCorrelationId(correlationId);
        ByteBuffer head = bytes(header, api.requestHeaderVersion(atVersion));
        ByteBuffer body = bytes(request, atVersion);
        ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + head.remaining() + body.remaining());
        frame.putInt(head.remaining() + body.remaining()).put(head).put(body);
        return frame.flip();
    }

    public void sendBytes(ByteBuffer bytes) throws IOException {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        socket.getOutputStream().write(copy);
        socket.getOutputStream().flush();
    }

    /** Reads the next answer, which must be that of the request given. */
    public ApiMessage receive(Sent sent) throws IOException {
        ByteBuffer frame = receiveBytes();
        ByteBufferAccessor readable = new ByteBufferAccessor(frame);
        ResponseHeaderData header = new ResponseHeaderData(readable, sent.api().responseHeaderVersion(sent.version()));
        if (header.correlationId() != sent.correlationId()) {
            throw new AssertionError("the answer to request " + header.correlationId() + " came where "
                    + sent.correlationId() + " (" + sent.api() + ") was next");
        }
        ApiMessage response = sent.api().messageType.newResponse();
        response.read(readable, sent.version());
        if (frame.hasRemaining()) {
            throw new AssertionError(frame.remaining() + " bytes follow the answer to " + sent);
        }
        return response;
    }

    /** The next frame without its length. */
    public ByteBuffer receiveBytes() throws IOException {
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        return ByteBuffer.wrap(frame);
    }

    /** Whether anybody answers: a broker or a controller. */
    public boolean isAnswered() throws IOException {
        ask(ApiKeys.API_VERSIONS, 0, new ApiVersionsRequestData());
        return true;
    }

    /** Whether the broker behind this connection answers and lists itself. */
    public boolean isUsable() throws IOException {
        ask(ApiKeys.API_VERSIONS, 0, new ApiVersionsRequestData());
        MetadataResponseData metadata = (MetadataResponseData) ask(ApiKeys.METADATA, 1, new MetadataRequestData());
        return !metadata.brokers().isEmpty();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private static ByteBuffer bytes(ApiMessage message, short version) {
        return MessageUtil.toByteBufferAccessor(message, version).buffer();
    }
}
