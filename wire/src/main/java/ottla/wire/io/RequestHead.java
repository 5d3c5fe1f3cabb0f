package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import ottla.wire.message.ApiKey;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Reader;

/**
 * The header of the request that a connection is taking; the next one overwrites it, so that reading a header makes no object.
 *
 * <pre>
 *   0  API key         int16
 *   2  version         int16
 *   4  correlation id  int32
 *   8  client id       int16 length, negative for null; bytes
 *      tagged fields   if the version of the API is flexible
 * </pre>
 *
 * Owned by the connection's loop.
 */
final class RequestHead {
    private static final int MIN_BYTES = 10;

    private final ServedApis served;
    private ApiKey api = ApiKey.API_VERSIONS;
    private int version;
    private PendingRequest.Version versionState = PendingRequest.Version.SERVED;
    private int correlationId;
    private int bodyPosition;
    private byte[] clientIdBytes = {};
    private String clientId = "";

    RequestHead(ServedApis served) {
        this.served = served;
    }

    ApiKey api() {
        return api;
    }

    int version() {
        return version;
    }

    PendingRequest.Version versionState() {
        return versionState;
    }

    int correlationId() {
        return correlationId;
    }

    String clientId() {
        return clientId;
    }

    int bodyPosition() {
        return bodyPosition;
    }

    /** Reads a frame's header; throws {@link MalformedMessage} on one that cannot be read or asks for what is not served. */
    void read(ByteBuf frame) {
        int sizeBytes = frame.readableBytes();
        if (sizeBytes < MIN_BYTES) {
            throw new MalformedMessage("a request of " + sizeBytes + " bytes has no room for its header");
        }
        short key = frame.getShort(0);
        Optional<ApiKey> known = ApiKey.of(key);
        if (known.isEmpty()) {
            throw new MalformedMessage("there is no API of key " + key);
        }
        api = known.get();
        version = frame.getShort(2);
        correlationId = frame.getInt(4);
        int clientIdSizeBytes = Math.max(0, frame.getShort(8));
        bodyPosition = MIN_BYTES + clientIdSizeBytes;
        if (bodyPosition > sizeBytes) {
            throw new MalformedMessage("a client id that is longer than its request");
        }
        if (api.requestHeaderVersion(version) > 1) {
            skipTags(frame);
        }
        readClientId(frame, clientIdSizeBytes);
        versionState = PendingRequest.Version.SERVED;
        if (!served.serves(api, version)) {
            if (api != ApiKey.API_VERSIONS) {
                throw new MalformedMessage(api.title() + " of version " + version + " is not served");
            }
            versionState = PendingRequest.Version.UNSUPPORTED;
            version = 0;
        }
    }

    /** A section of tagged fields is nearly always the one byte that says that it is empty. */
    private void skipTags(ByteBuf frame) {
        if (bodyPosition < frame.readableBytes() && frame.getByte(bodyPosition) == 0) {
            bodyPosition++;
        } else {
            Reader tags = new Reader(frame.internalNioBuffer(bodyPosition, frame.readableBytes() - bodyPosition));
            tags.skipTags();
            bodyPosition += tags.position();
        }
    }

    /** A client calls itself the same every time: the text is made once. */
    private void readClientId(ByteBuf frame, int sizeBytes) {
        if (sizeBytes != clientIdBytes.length || !isClientIdAt(frame)) {
            clientIdBytes = new byte[sizeBytes];
            frame.getBytes(MIN_BYTES, clientIdBytes);
            clientId = new String(clientIdBytes, StandardCharsets.UTF_8);
        }
    }

    private boolean isClientIdAt(ByteBuf frame) {
        for (int i = 0; i < clientIdBytes.length; i++) {
            if (frame.getByte(MIN_BYTES + i) != clientIdBytes[i]) {
                return false;
            }
        }
        return true;
    }
}
