package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ottla.base.ErrorCode;
import ottla.wire.io.NetworkClient.Payloads;
import ottla.wire.message.ApiKey;
import ottla.wire.message.ApiVersionsRequest;
import ottla.wire.message.ApiVersionsResponse;
import ottla.wire.message.Request;
import ottla.wire.message.Response;
import ottla.wire.message.header.RequestHeader;
import ottla.wire.message.header.ResponseHeader;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Reader;
import ottla.wire.primitive.Writer;

/**
 * A connection to a peer, open until either side closes it, an answer is late, or the peer sends what is not an answer. Then
 * everything that waits fails with the same {@link PeerFailure}.
 *
 * <p>Answers are read into memory as the client's {@link Payloads} say.
 *
 * <p>Owned by its loop; {@link #send} comes in from other threads as a task.
 */
final class ClientConnection extends ChannelInboundHandlerAdapter
        implements PeerConnection, FrameAssembly.Receiver, ReadSizing.Source {
    private static final ByteBufAllocator HEAP = new UnpooledByteBufAllocator(false);

    private final NettyLoop loop;
    private final Channel channel;
    private final InetSocketAddress remoteAddress;
    private final PeerLimits limits;
    private final String clientId;
    private final Payloads payloads;
    private final FrameAssembly assembly;
    private final FrameWriter frames;
    private final Queue<Call> calls = new ArrayDeque<>();
    private final CompletableFuture<PeerFailure> closed = new CompletableFuture<>();
    private int nextCorrelationId;
    private long alarmNs;
    private Loop.@Nullable Timer alarm;

    ClientConnection(
            NettyLoop loop,
            Channel channel,
            InetSocketAddress remoteAddress,
            PeerLimits limits,
            String clientId,
            Payloads payloads) {
        this.loop = loop;
        this.channel = channel;
        this.remoteAddress = remoteAddress;
        this.limits = limits;
        this.clientId = clientId;
        this.payloads = payloads;
        ByteBufAllocator memory = payloads == Payloads.RELEASED ? loop.memory() : HEAP;
        assembly = new FrameAssembly(this, memory, limits.responseMaxBytes());
        frames = new FrameWriter(loop, channel);
    }

    /** A request and who waits for its answer. */
    private final class Call implements Runnable {
        final ApiKey api;
        final int version;
        final Request request;
        final long deadlineNs;
        final CompletableFuture<Response> answer = new CompletableFuture<>();
        int correlationId;

        Call(ApiKey api, int version, Request request, long timeoutMs) {
            this.api = api;
            this.version = version;
            this.request = request;
            deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        }

        @Override
        public void run() {
            start(this);
        }
    }

    @Override
    public CompletionStage<Response> send(ApiKey api, int version, Request request) {
        return send(api, version, request, limits.requestTimeoutMs());
    }

    @Override
    public CompletionStage<Response> send(ApiKey api, int version, Request request, long timeoutMs) {
        Call call = new Call(api, version, request, timeoutMs);
        if (loop.isCurrent()) {
            start(call);
        } else if (!loop.tryExecute(call)) {
            refuse(call, new Writer(0), new PeerFailure(PeerFailure.Reason.CLOSED, "the network is closed"));
        }
        return call.answer;
    }

    @Override
    public CompletionStage<PeerVersions> negotiate(ClientSoftware software) {
        ApiVersionsRequest request = new ApiVersionsRequest(software.name(), software.version());
        int newest = ApiKey.API_VERSIONS.maxVersion();
        return send(ApiKey.API_VERSIONS, newest, request)
                .thenCompose(answer -> {
                    ApiVersionsResponse response = (ApiVersionsResponse) answer;
                    if (response.errorCode() != ErrorCode.UNSUPPORTED_VERSION.code()) {
                        return CompletableFuture.completedStage(response);
                    }
                    int common = new PeerVersions(response)
                            .newest(ApiKey.API_VERSIONS, newest - 1)
                            .orElse(0);
                    return send(ApiKey.API_VERSIONS, common, request).thenApply(ApiVersionsResponse.class::cast);
                })
                .thenApply(PeerVersions::new);
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return remoteAddress;
    }

    @Override
    public Loop loop() {
        return loop;
    }

    @Override
    public boolean isOpen() {
        return channel.isActive() && !closed.isDone();
    }

    @Override
    public CompletionStage<PeerFailure> closed() {
        return closed.minimalCompletionStage();
    }

    @Override
    public void close() {
        var unused = channel.close();
    }

    // ---- requests out

    private void start(Call call) {
        if (closed.isDone()) {
            refuse(call, loop.scratch(), closed.join());
        } else if (calls.size() >= limits.inFlightRequests()) {
            refuse(
                    call,
                    loop.scratch(),
                    new PeerFailure(
                            PeerFailure.Reason.TOO_MANY_IN_FLIGHT,
                            calls.size() + " requests to " + this + " are not answered yet"));
        } else if (write(call)) {
            calls.add(call);
            setAlarm(call.deadlineNs);
            frames.flushSoon();
        }
    }

    private boolean write(Call call) {
        call.correlationId = nextCorrelationId++;
        RequestHeader header = new RequestHeader(call.api.id(), (short) call.version, call.correlationId, clientId);
        try {
            frames.write(header, call.api.requestHeaderVersion(call.version), call.request, call.version);
            return true;
        } catch (RuntimeException e) {
            call.answer.completeExceptionally(new PeerFailure(
                    PeerFailure.Reason.NOT_SENDABLE,
                    call.api.title() + " of version " + call.version + " cannot be written",
                    e));
            return false;
        }
    }

    private static void refuse(Call call, Writer scratch, PeerFailure failure) {
        try {
            FrameWriter.discard(scratch, call.request, call.version);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
        call.answer.completeExceptionally(failure);
    }

    // ---- answers in

    @Override
    public boolean wantsMore() {
        return true;
    }

    @Override
    public ByteBuf lendReadBuffer() {
        return loop.lendReadBuffer();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) {
        assembly.feed((ByteBuf) bytes);
    }

    @Override
    public boolean admits(int sizeBytes) {
        return true;
    }

    @Override
    public void frame(ByteBuf frame) {
        Call call = calls.poll();
        if (call == null) {
            frame.release();
            fail(PeerFailure.Reason.NOT_UNDERSTOOD, "sent an answer that nobody asked for");
            return;
        }
        Reader in = payloads == Payloads.RELEASED
                ? new Reader(frame.nioBuffer(), bytes -> new FramePayload(frame, bytes))
                : new Reader(frame.nioBuffer());
        Response response;
        try {
            int correlationId = ResponseHeader.read(in, call.api.responseHeaderVersion(call.version))
                    .correlationId();
            if (correlationId != call.correlationId) {
                throw new MalformedMessage("answer " + correlationId + " where " + call.correlationId + " is due");
            }
            response = call.api.readResponse(in, readableVersion(call, in));
        } catch (MalformedMessage e) {
            frame.release(frame.refCnt());
            PeerFailure failure = fail(
                    PeerFailure.Reason.NOT_UNDERSTOOD,
                    "sent an unreadable answer to " + call.api.title() + ": " + e.getMessage());
            call.answer.completeExceptionally(failure);
            return;
        }
        frame.release();
        call.answer.complete(response);
    }

    /** A peer that does not know the version of an ApiVersions request says so in version 0 (KIP-511). */
    private static int readableVersion(Call call, Reader in) {
        boolean isUnsupported = call.api == ApiKey.API_VERSIONS
                && in.remaining() >= Short.BYTES
                && in.rest().getShort() == ErrorCode.UNSUPPORTED_VERSION.code();
        return isUnsupported ? 0 : call.version;
    }

    @Override
    public void refused(int sizeBytes) {
        fail(PeerFailure.Reason.NOT_UNDERSTOOD, "announced an answer of " + sizeBytes + " bytes");
    }

    // ---- time

    /** One timer, for the earliest deadline; an answer in time leaves it as it is. */
    private void setAlarm(long deadlineNs) {
        if (alarm != null) {
            if (deadlineNs - alarmNs >= 0) {
                return;
            }
            alarm.cancel();
        }
        alarmNs = deadlineNs;
        long delayNs = Math.max(0, deadlineNs - System.nanoTime());
        // Rounded up, so that it does not come just before the deadline and has to be set again.
        alarm = loop.schedule(this::alarm, TimeUnit.NANOSECONDS.toMillis(delayNs) + 1);
    }

    private void alarm() {
        alarm = null;
        long nowNs = System.nanoTime();
        for (Call call : calls) {
            if (call.deadlineNs - nowNs <= 0) {
                fail(PeerFailure.Reason.TIMED_OUT, "did not answer " + call.api.title() + " in time");
                return;
            }
        }
        calls.forEach(call -> setAlarm(call.deadlineNs));
    }

    // ---- the end

    /** Closes the connection and fails everything that waits. */
    private PeerFailure fail(PeerFailure.Reason reason, String what) {
        PeerFailure failure = new PeerFailure(reason, this + " " + what);
        if (closed.complete(failure)) {
            end();
            var unused = channel.close();
            for (Call call = calls.poll(); call != null; call = calls.poll()) {
                call.answer.completeExceptionally(failure);
            }
        }
        return failure;
    }

    private void end() {
        assembly.end();
        frames.abandon();
        if (alarm != null) {
            alarm.cancel();
            alarm = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail(PeerFailure.Reason.CLOSED, "closed the connection");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(PeerFailure.Reason.CLOSED, "broke the connection: " + cause.getMessage());
    }

    @Override
    public String toString() {
        return "the peer " + remoteAddress;
    }
}
