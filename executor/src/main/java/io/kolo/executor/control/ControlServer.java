package io.kolo.executor.control;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.kolo.executor.control.proto.ControlGrpc;
import io.kolo.executor.control.proto.CoordinationGrpc;
import io.kolo.executor.control.proto.FromCoordinator;
import io.kolo.executor.control.proto.FromMember;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.ToCoordinator;
import io.kolo.executor.control.proto.ToMember;
import io.kolo.executor.control.proto.ToWorker;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The end of the control channel that is called: a driver's, or a coordinator's. */
public final class ControlServer implements AutoCloseable {
    private static final long CLOSE_TIMEOUT_MS = 1000;
    private static final long HANDSHAKE_TIMEOUT_S = 10;
    private static final long IDLE_THREAD_S = 60;

    /** A broken stream is an event of ours; its stack trace on the user's screen would say nothing more. */
    private static final Logger STREAM_ERRORS =
            Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler");

    private final String host;
    private final Server server;
    private final int port;
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_THREAD_S,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().daemon().name("kolo-control-", 0).factory(),
            new ThreadPoolExecutor.DiscardPolicy()); // gRPC may have something to say of a stream after its end
    private final Refusals refusals = new Refusals();

    private ControlServer(String host, int port, BindableService service, Identity own, JobToken token)
            throws IOException {
        STREAM_ERRORS.setLevel(Level.SEVERE);
        this.host = host;
        this.server = NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
                .executor(threads)
                .sslContext(own.server())
                .flowControlWindow(Parts.WINDOW_BYTES)
                .permitKeepAliveTime(ControlClient.PING_S / 2, TimeUnit.SECONDS)
                .handshakeTimeout(HANDSHAKE_TIMEOUT_S, TimeUnit.SECONDS)
                .addTransportFilter(refusals.ofConnections())
                .addStreamTracerFactory(refusals.ofStreams())
                .intercept(new PeerName())
                .intercept(token.guard())
                .addService(service)
                .build()
                .start();
        this.port = server.getPort();
    }

    /**
     * Starts to listen, as a driver.
     *
     * @param host the address of this machine to listen at, and at no other
     * @param port 0 for one that is free
     * @param slots number of workers to expect
     * @param authority without an identity that it has issued, nobody gets as far as a call
     * @param token without it, no call is heard
     * @param listener takes what the workers say
     */
    public static ControlServer ofDriver(
            String host, int port, int slots, JobAuthority authority, JobToken token, WorkerListener listener)
            throws IOException {
        AtomicIntegerArray joined = new AtomicIntegerArray(slots);
        return new ControlServer(
                host,
                port,
                new ControlGrpc.ControlImplBase() {
                    @Override
                    public StreamObserver<FromWorker> join(StreamObserver<ToWorker> responses) {
                        return new WorkerStream(PeerName.current(), responses, joined, listener);
                    }

                    @Override
                    public StreamObserver<FromCoordinator> coordinate(StreamObserver<ToCoordinator> responses) {
                        return new CoordinatorStream(PeerName.current(), responses, listener);
                    }
                },
                authority.driver(),
                token);
    }

    /**
     * Starts to listen on a free port, as the coordinator of an elastic job.
     *
     * @param host the address of this machine to listen at, and at no other
     * @param own the coordinator's; without an identity of the same job, nobody gets as far as a call
     * @param token without it, no call is heard
     * @param listener takes what the workers say
     */
    public static ControlServer ofCoordinator(String host, Identity own, JobToken token, MemberListener listener)
            throws IOException {
        return new ControlServer(
                host,
                0,
                new CoordinationGrpc.CoordinationImplBase() {
                    @Override
                    public StreamObserver<FromMember> take(StreamObserver<ToMember> responses) {
                        return new MemberStream(PeerName.current(), responses, listener);
                    }
                },
                own,
                token);
    }

    /** Returns where this server is found, {@code host:port}. */
    public String address() {
        return host + ":" + port;
    }

    /** Returns the port where this server is found. */
    public int port() {
        return port;
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
}
