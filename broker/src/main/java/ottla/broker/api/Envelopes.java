package ottla.broker.api;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.wire.io.InboundRequest;
import ottla.wire.io.Principal;
import ottla.wire.io.ServedApis;
import ottla.wire.message.ApiKey;
import ottla.wire.message.EnvelopeRequest;
import ottla.wire.message.EnvelopeResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.message.embedded.DefaultPrincipalData;
import ottla.wire.message.header.RequestHeader;
import ottla.wire.message.header.ResponseHeader;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/**
 * Requests and answers as they travel between a broker and the active controller (KIP-590): whole, with their headers, and with
 * who asked.
 */
public final class Envelopes {
    /** What a broker may pass on. */
    private static final Set<ApiKey> FORWARDABLE = EnumSet.of(
            ApiKey.CREATE_TOPICS,
            ApiKey.DELETE_TOPICS,
            ApiKey.CREATE_ACLS,
            ApiKey.DELETE_ACLS,
            ApiKey.ALTER_CONFIGS,
            ApiKey.CREATE_PARTITIONS,
            ApiKey.CREATE_DELEGATION_TOKEN,
            ApiKey.RENEW_DELEGATION_TOKEN,
            ApiKey.EXPIRE_DELEGATION_TOKEN,
            ApiKey.ELECT_LEADERS,
            ApiKey.INCREMENTAL_ALTER_CONFIGS,
            ApiKey.ALTER_PARTITION_REASSIGNMENTS,
            ApiKey.LIST_PARTITION_REASSIGNMENTS,
            ApiKey.ALTER_CLIENT_QUOTAS,
            ApiKey.ALTER_USER_SCRAM_CREDENTIALS,
            ApiKey.DESCRIBE_QUORUM,
            ApiKey.UPDATE_FEATURES,
            ApiKey.UNREGISTER_BROKER,
            ApiKey.ALLOCATE_PRODUCER_IDS,
            ApiKey.ADD_RAFT_VOTER,
            ApiKey.REMOVE_RAFT_VOTER);

    private static final short PRINCIPAL_VERSION = 0;

    private Envelopes() {}

    /** What an envelope turned out to hold. */
    sealed interface Opened {
        record Accepted(CarriedRequest request) implements Opened {}

        record Refused(ErrorCode error, String reason) implements Opened {}
    }

    /** An envelope for a request, with the message as the broker wants it to be decided. */
    public static EnvelopeRequest enclose(InboundRequest from, Request message) {
        Writer out = new Writer(256);
        RequestHeader header =
                new RequestHeader(from.api().id(), (short) from.version(), from.correlationId(), from.clientId());
        header.write(out, from.api().requestHeaderVersion(from.version()));
        message.write(out, from.version());
        ByteBuffer request = out.toBuffer();
        Principal principal = from.principal();
        out.int16(PRINCIPAL_VERSION);
        new DefaultPrincipalData(principal.type(), principal.name(), false).write(out, PRINCIPAL_VERSION);
        InetAddress client = from.connection().remoteAddress().getAddress();
        return new EnvelopeRequest(request, out.toBuffer(), ByteBuffer.wrap(client.getAddress()));
    }

    /** The answer in an envelope that brought one. */
    public static Response answer(InboundRequest asked, ByteBuffer responseData) {
        Reader in = new Reader(responseData);
        ResponseHeader header = ResponseHeader.read(in, asked.api().responseHeaderVersion(asked.version()));
        if (header.correlationId() != asked.correlationId()) {
            throw new MalformedMessage(
                    "answer " + header.correlationId() + " where " + asked.correlationId() + " is due");
        }
        return asked.api().readResponse(in, asked.version());
    }

    static Opened open(EnvelopeRequest envelope, InboundRequest carrier, ServedApis served) {
        Optional<Principal> principal = principal(envelope.requestPrincipal());
        if (principal.isEmpty()) {
            return new Opened.Refused(ErrorCode.PRINCIPAL_DESERIALIZATION_FAILURE, "nobody is named who asks");
        }
        try {
            InetAddress unused = InetAddress.getByAddress(bytes(envelope.clientHostAddress()));
        } catch (UnknownHostException noAddress) {
            return new Opened.Refused(ErrorCode.INVALID_REQUEST, "no address: " + noAddress.getMessage());
        }
        try {
            return open(new Reader(envelope.requestData()), principal.get(), carrier, served);
        } catch (MalformedMessage malformed) {
            return new Opened.Refused(ErrorCode.UNSUPPORTED_VERSION, String.valueOf(malformed.getMessage()));
        }
    }

    private static Opened open(Reader in, Principal principal, InboundRequest carrier, ServedApis served) {
        Reader ahead = new Reader(in.rest());
        Optional<ApiKey> key = ApiKey.of(ahead.int16());
        int version = ahead.int16();
        if (key.isEmpty()) {
            return new Opened.Refused(ErrorCode.UNSUPPORTED_VERSION, "an API that is not known");
        }
        ApiKey api = key.get();
        if (!FORWARDABLE.contains(api)) {
            return new Opened.Refused(ErrorCode.INVALID_REQUEST, api.title() + " is not forwarded");
        }
        if (!served.serves(api, version)) {
            return new Opened.Refused(
                    ErrorCode.UNSUPPORTED_VERSION, api.title() + " of version " + version + " is not served");
        }
        RequestHeader header = RequestHeader.read(in, api.requestHeaderVersion(version));
        Request message = api.readRequest(in, version);
        String clientId = header.clientId();
        return new Opened.Accepted(new CarriedRequest(
                api, version, header.correlationId(), clientId == null ? "" : clientId, message, principal, carrier));
    }

    private static Optional<Principal> principal(@Nullable ByteBuffer bytes) {
        if (bytes == null) {
            return Optional.empty();
        }
        Reader in = new Reader(bytes);
        try {
            if (in.int16() != PRINCIPAL_VERSION) {
                return Optional.empty();
            }
            DefaultPrincipalData read = DefaultPrincipalData.read(in, PRINCIPAL_VERSION);
            return Optional.of(new Principal(read.type(), read.name()));
        } catch (MalformedMessage malformed) {
            return Optional.empty();
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.duplicate().get(copy);
        return copy;
    }

    /** The answer to an envelope: the enclosed one, unless the broker is to look for another controller. */
    static EnvelopeResponse enclose(CarriedRequest request, Response response) {
        if (WrongController.isToldBy(response)) {
            return EnvelopeResponse.DEFAULT.withErrorCode(ErrorCode.NOT_CONTROLLER.code());
        }
        Writer out = new Writer(256);
        new ResponseHeader(request.correlationId()).write(out, request.api().responseHeaderVersion(request.version()));
        response.write(out, request.version());
        return EnvelopeResponse.DEFAULT.withResponseData(out.toBuffer());
    }
}
