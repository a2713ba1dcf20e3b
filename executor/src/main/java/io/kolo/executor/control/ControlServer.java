package io.kolo.executor.control;

import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.kolo.executor.control.proto.ControlGrpc;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.ToWorker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The driver's end of the control channel. Listens on loopback only. */
public final class ControlServer implements AutoCloseable {
    private static final long CLOSE_TIMEOUT_MS = 1000;
    private static final long HANDSHAKE_TIMEOUT_S = 10;

    /** A broken stream is an event of ours; its stack trace on the user's screen would say nothing more. */
    private static final Logger STREAM_ERRORS =
            Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler");

    private final Server server;
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("kolo-control-", 0).factory());
    private final WorkerListener listener;
    private final Refusals refusals = new Refusals();
    private final AtomicIntegerArray joined;

    /**
     * Starts to listen on a free port.
     *
     * @param slots number of workers to expect
     * @param authority without an identity that it has issued, nobody gets as far as a call
     * @param token without it, no call is heard
     * @param listener takes what the workers say
     */
    public ControlServer(int slots, JobAuthority authority, JobToken token, WorkerListener listener)
            throws IOException {
        STREAM_ERRORS.setLevel(Level.SEVERE);
        this.listener = listener;
        this.joined = new AtomicIntegerArray(slots);
        this.server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .executor(threads)
                .sslContext(authority.driver().server())
                .flowControlWindow(Parts.WINDOW_BYTES)
                .handshakeTimeout(HANDSHAKE_TIMEOUT_S, TimeUnit.SECONDS)
                .addTransportFilter(refusals.ofConnections())
                .addStreamTracerFactory(refusals.ofStreams())
                .intercept(new PeerName())
                .intercept(token.guard())
                .addService(new Service())
                .build()
                .start();
    }

    /** Returns where workers find this server, {@code host:port}. */
    public String address() {
        return InetAddress.getLoopbackAddress().getHostAddress() + ":" + server.getPort();
    }

    /** Returns how many connections, calls and streams were turned away; each has left a line in the log. */
    public long refused() {
        return refusals.count();
    }

    @Override
    public void close() {
        refusals.close();
        server.shutdownNow();
        try {
            if (!server.awaitTermination(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
                System.getLogger(ControlServer.class.getName())
                        .log(System.Logger.Level.WARNING, "the control server did not end in {0} ms", CLOSE_TIMEOUT_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        threads.shutdownNow();
    }

    private final class Service extends ControlGrpc.ControlImplBase {
        @Override
        public StreamObserver<FromWorker> join(StreamObserver<ToWorker> responses) {
            ServerCallStreamObserver<ToWorker> stream = (ServerCallStreamObserver<ToWorker>) responses;
            Outbox<ToWorker> outbox = new Outbox<>(stream, "the worker");
            stream.setOnReadyHandler(outbox::wake);
            stream.setOnCancelHandler(outbox::closed); // or a message to a worker that has just died would throw
            return new WorkerStream(PeerName.current(), stream, outbox, joined, listener);
        }
    }
}
