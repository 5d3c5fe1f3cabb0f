package ottla.wire.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ottla.wire.message.Response;
import ottla.wire.message.header.ResponseHeader;
import ottla.wire.primitive.MalformedMessage;
import ottla.wire.primitive.Writer;

/**
 * A client's connection from acceptance to close.
 *
 * <pre>
 *   READING --a frame is not admitted, or the client does not take its answers--> PAUSED --limits halved--> READING
 *   READING --the client is held back--> PAUSED --its time is over--> READING
 *   either  --bad bytes, a request closed, end of input, drain--> LEAVING: no request is taken; earlier answers are sent
 *   any     --closed by either side, idle--> CLOSED: what is answered from now on is released unsent
 * </pre>
 *
 * <p>Owned by its loop. Other threads come in through {@link #ended}, {@link #close} and the plain getters.
 */
final class ServerConnection extends ChannelInboundHandlerAdapter
        implements Connection, FrameAssembly.Receiver, ReadSizing.Source {
    private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);
    private static final AtomicLong IDS = new AtomicLong();

    /** Where the connection is in its life. */
    private enum State {
        READING,
        PAUSED,
        LEAVING,
        CLOSED
    }

    private final long id = IDS.incrementAndGet();
    private final NetworkServer server;
    private final NetworkListener listener;
    private final NetworkLimits limits;
    private final ServerLoop home;
    private final NettyLoop loop;
    private final Channel channel;
    private final InetSocketAddress remoteAddress;
    private final InetSocketAddress localAddress;
    private final FrameAssembly assembly;
    private final RequestHead head;
    private final UnansweredRequests unanswered;
    private final FrameWriter frames;
    private final Runnable resumeTask = this::resume;

    private volatile State state = State.READING;
    private volatile ClientSoftware clientSoftware = ClientSoftware.UNKNOWN;
    private boolean awaitsMemory;
    private boolean inBatch;
    private Loop.@Nullable Timer hold;
    private long holdEndNs;
    private boolean inputEnded;
    private boolean resumeScheduled;
    private long batchNs = System.nanoTime();
    private long lastActiveNs = batchNs;
    private long lastOutboundBytes;

    /** Where this connection stands in its loop's list. */
    int index;

    ServerConnection(NetworkServer server, NetworkListener listener, ServerLoop home, Channel channel) {
        this.server = server;
        this.listener = listener;
        this.limits = server.limits();
        this.home = home;
        this.loop = home.loop();
        this.channel = channel;
        remoteAddress = (InetSocketAddress) channel.remoteAddress();
        localAddress = (InetSocketAddress) channel.localAddress();
        assembly = new FrameAssembly(this, loop.memory(), limits.requestMaxBytes());
        head = new RequestHead(listener.served());
        unanswered = new UnansweredRequests(limits, home);
        frames = new FrameWriter(loop, channel);
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public String listenerName() {
        return listener.name();
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return remoteAddress;
    }

    @Override
    public InetSocketAddress localAddress() {
        return localAddress;
    }

    @Override
    public Principal principal() {
        return Principal.ANONYMOUS;
    }

    @Override
    public ClientSoftware clientSoftware() {
        return clientSoftware;
    }

    @Override
    public void introduce(ClientSoftware software) {
        clientSoftware = software;
    }

    @Override
    public Loop loop() {
        return loop;
    }

    @Override
    public boolean isOpen() {
        return state != State.CLOSED;
    }

    @Override
    public void whenClosed(Runnable task) {
        channel.closeFuture().addListener(closed -> task.run());
    }

    @Override
    public void close(String reason) {
        note(reason);
        var unused = channel.close();
    }

    @Override
    public String toString() {
        return remoteAddress + " on " + listener.name();
    }

    // ---- bytes in

    @Override
    public boolean wantsMore() {
        return state == State.READING && hold == null && !assembly.isBlocked() && channel.isWritable();
    }

    @Override
    public ByteBuf lendReadBuffer() {
        ByteBuf partial = assembly.readTarget();
        return partial == null ? loop.lendReadBuffer() : partial.retain();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object bytes) {
        if (!inBatch) {
            beginBatch();
        }
        assembly.feed((ByteBuf) bytes);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        endBatch();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (channel.isWritable()) {
            considerResuming();
        } else {
            pauseIfNeeded();
        }
    }

    /** The client has sent its last byte. It may still wait for answers. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            leaveIfInputEnded();
        }
    }

    private void leaveIfInputEnded() {
        if (inputEnded && !assembly.isBlocked()) {
            drain();
        }
    }

    private void beginBatch() {
        inBatch = true;
        batchNs = System.nanoTime();
        lastActiveNs = batchNs;
    }

    private void endBatch() {
        inBatch = false;
        frames.flush();
        pauseIfNeeded();
    }

    private void pauseIfNeeded() {
        if (state == State.READING && !wantsMore()) {
            state = State.PAUSED;
            channel.config().setAutoRead(false);
            considerResuming();
        }
    }

    private void considerResuming() {
        if (state == State.PAUSED && !resumeScheduled && mayResume()) {
            resumeScheduled = true;
            loop.execute(resumeTask);
        }
    }

    private boolean mayResume() {
        return channel.isWritable() && hold == null && !awaitsMemory && unanswered.isHalfEmpty();
    }

    private void resume() {
        resumeScheduled = false;
        if (state != State.PAUSED || !mayResume()) {
            return;
        }
        state = State.READING;
        beginBatch();
        assembly.resume();
        endBatch();
        leaveIfInputEnded();
        if (state == State.READING) {
            channel.config().setAutoRead(true);
        }
    }

    /** Reads nothing for so long. Of two such times the one that ends later counts. */
    void holdBack(int throttleMs) {
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(throttleMs);
        if (isLeaving() || (hold != null && endNs - holdEndNs <= 0)) {
            return;
        }
        release();
        holdEndNs = endNs;
        hold = loop.schedule(
                () -> {
                    release();
                    considerResuming();
                },
                throttleMs);
        pauseIfNeeded();
    }

    private void release() {
        Loop.Timer present = hold;
        hold = null;
        if (present != null) {
            present.cancel();
        }
    }

    void memoryIsFree() {
        awaitsMemory = false;
        considerResuming();
    }

    // ---- frames

    @Override
    public boolean admits(int sizeBytes) {
        if (unanswered.isFull() || hold != null || !channel.isWritable()) {
            return false;
        }
        awaitsMemory = !unanswered.announce(sizeBytes, this);
        return !awaitsMemory;
    }

    @Override
    public void frame(ByteBuf frame) {
        unanswered.arrived();
        try {
            head.read(frame);
        } catch (MalformedMessage e) {
            unanswered.giveBack(frame.readableBytes());
            frame.release();
            leave(String.valueOf(e.getMessage()));
            return;
        }
        PendingRequest request = new PendingRequest(this, frame, head, batchNs);
        if (unanswered.add(request)) {
            handle(request);
        }
    }

    private void handle(PendingRequest request) {
        try {
            listener.handler().handle(request);
        } catch (MalformedMessage e) {
            server.complaints()
                    .warn(
                            "Closing the connection of {}: a {} request of version {} cannot be read: {}",
                            this,
                            request.api().title(),
                            request.version(),
                            String.valueOf(e.getMessage()));
            request.abort();
            drain();
        } catch (RuntimeException | Error e) {
            LOG.error(
                    "Closing the connection of {}: {} failed",
                    this,
                    request.api().title(),
                    e);
            request.abort();
            drain();
        }
    }

    @Override
    public void refused(int sizeBytes) {
        leave(
                sizeBytes < 0
                        ? "a request of negative size " + sizeBytes
                        : "a request of " + sizeBytes + " bytes, where socket.request.max.bytes allows "
                                + limits.requestMaxBytes());
    }

    // ---- answers out

    /** A request has ended, on whatever thread this is. */
    void ended(PendingRequest request) {
        if (loop.isCurrent()) {
            endedOnLoop(request);
        } else {
            executeOrElse(request, () -> {
                request.releaseFrame();
                UnansweredRequests.discardAnswer(request, new Writer(0));
            });
        }
    }

    /** Runs on the loop, or at once here if the loop has ended and nothing else can run there any more. */
    void executeOrElse(Runnable onLoop, Runnable withoutLoop) {
        if (!loop.tryExecute(onLoop)) {
            withoutLoop.run();
        }
    }

    void endedOnLoop(PendingRequest request) {
        if (request.giveBack() == PendingRequest.Whereabouts.DROPPED) {
            unanswered.forget(request);
            UnansweredRequests.discardAnswer(request, loop.scratch());
            return;
        }
        PendingRequest first = unanswered.pollEnded();
        if (first == null) {
            // Its turn has not come, or came before this call did.
            return;
        }
        while (first != null) {
            send(first);
            first = unanswered.pollEnded();
        }
        PendingRequest next = unanswered.pollHeld();
        if (next != null) {
            handle(next);
        }
        if (!inBatch) {
            frames.flushSoon();
        }
        considerResuming();
        finishLeaving();
    }

    private void send(PendingRequest request) {
        Object outcome = request.outcome();
        try {
            if (outcome instanceof Response response) {
                int version = request.version();
                ResponseHeader header = new ResponseHeader(request.correlationId());
                frames.write(header, request.api().responseHeaderVersion(version), response, version);
            }
        } catch (RuntimeException | Error e) {
            LOG.error(
                    "Closing the connection of {}: the answer to {} cannot be written",
                    this,
                    request.api().title(),
                    e);
            var unused = channel.close();
        }
        unanswered.forget(request);
        if (outcome == PendingRequest.End.WITH_CONNECTION && state != State.CLOSED) {
            beginLeaving();
            unanswered.dropAll(loop.scratch());
        }
    }

    /** Gives back a request's bytes, on the loop. */
    void releaseFrame(PendingRequest request) {
        if (unanswered.releaseFrame(request)) {
            considerResuming();
        }
    }

    // ---- the end

    /** Says why a request closes its connection. */
    void note(String reason) {
        server.complaints().warn("Closing the connection of {}: {}", this, reason);
    }

    boolean isLeaving() {
        return state == State.LEAVING || state == State.CLOSED;
    }

    void closeNow() {
        var unused = channel.close();
    }

    /** Takes no more requests and closes when the answers that are owed have been sent. */
    void drain() {
        if (state != State.CLOSED && state != State.LEAVING) {
            beginLeaving();
            executeOrElse(unanswered::leave, () -> {});
            finishLeaving();
        }
    }

    private void leave(String reason) {
        note(reason);
        drain();
    }

    private void beginLeaving() {
        state = State.LEAVING;
        assembly.end();
        unanswered.unannounce();
        channel.config().setAutoRead(false);
    }

    private void finishLeaving() {
        if (state == State.LEAVING && unanswered.areAllSent()) {
            frames.flush();
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** Closes a connection on which nothing has moved for so long, unless the client waits for us. */
    void closeIfIdle(long nowNs, long idleNs) {
        ChannelOutboundBuffer outbound = channel.unsafe().outboundBuffer();
        long outboundBytes = outbound == null ? 0 : outbound.totalPendingWriteBytes();
        if (outboundBytes != lastOutboundBytes || (outboundBytes == 0 && !unanswered.isEmpty())) {
            lastOutboundBytes = outboundBytes;
            lastActiveNs = nowNs;
        } else if (nowNs - lastActiveNs > idleNs) {
            LOG.debug("Closing the connection of {}: idle", this);
            var unused = channel.close();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        home.add(this);
        if (server.isClosing()) {
            drain();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        state = State.CLOSED;
        release();
        home.remove(this);
        assembly.end();
        unanswered.unannounce();
        frames.abandon();
        unanswered.leave();
        unanswered.dropAll(loop.scratch());
        server.left(remoteAddress.getAddress());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.debug("The connection of {} broke", this, cause);
        } else {
            LOG.error("Closing the connection of {}", this, cause);
        }
        var unused = ctx.close();
    }
}
