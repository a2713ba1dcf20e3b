package io.kolo.executor.control;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.kolo.executor.control.proto.ControlGrpc;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Progress;
import io.kolo.executor.control.proto.ToWorker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The driver's end of the control channel. Listens on loopback only. */
public final class ControlServer implements AutoCloseable {
    private static final long CLOSE_TIMEOUT_MS = 1000;

    /** A broken stream is an event of ours; its stack trace on the user's screen would say nothing more. */
    private static final Logger STREAM_ERRORS =
            Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler");

    private final Server server;
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("kolo-control-", 0).factory());
    private final Consumer<WorkerEvent> events;
    private final BiConsumer<Integer, Progress> progress;
    private final AtomicIntegerArray joined;

    /**
     * Starts to listen on a free port.
     *
     * @param slots number of workers to expect
     * @param authority without an identity that it has issued, nobody gets as far as a call
     * @param token without it, no call is heard
     * @param events takes what happens, from several threads
     * @param progress takes the workers' reports with their slot, from several threads
     */
    public ControlServer(
            int slots,
            JobAuthority authority,
            JobToken token,
            Consumer<WorkerEvent> events,
            BiConsumer<Integer, Progress> progress)
            throws IOException {
        STREAM_ERRORS.setLevel(Level.SEVERE);
        this.events = events;
        this.progress = progress;
        this.joined = new AtomicIntegerArray(slots);
        this.server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .executor(threads)
                .sslContext(authority.driver().server())
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

    @Override
    public void close() {
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
            return new WorkerStream(PeerName.current(), stream, outbox);
        }
    }

    /** What one worker says; gRPC calls it from one thread at a time. */
    private final class WorkerStream implements StreamObserver<FromWorker> {
        private final String name;
        private final ServerCallStreamObserver<ToWorker> stream;
        private final Outbox<ToWorker> outbox;
        private final Parts result = new Parts();
        private @Nullable Integer slot;
        private boolean refused;

        WorkerStream(String name, ServerCallStreamObserver<ToWorker> stream, Outbox<ToWorker> outbox) {
            this.name = name;
            this.stream = stream;
            this.outbox = outbox;
        }

        @Override
        public void onNext(FromWorker message) {
            Integer known = slot;
            if (refused) {
                return;
            }
            if (known == null) {
                join(message);
                return;
            }
            switch (message.getKindCase()) {
                case READY -> events.accept(new WorkerEvent.Ready(known));
                case PROGRESS -> progress.accept(known, message.getProgress());
                case RESULT ->
                    result.add(message.getResult())
                            .ifPresent(bytes -> events.accept(new WorkerEvent.Returned(
                                    known, message.getResult().getRun(), bytes)));
                case FAILURE -> events.accept(new WorkerEvent.Failed(known, message.getFailure()));
                case HELLO, KIND_NOT_SET -> refuse("a worker says hello once, and then only what this version knows");
            }
        }

        private void join(FromWorker message) {
            Hello hello = message.getHello();
            int asked = hello.getSlot();
            if (!message.hasHello() || asked < 0 || asked >= joined.length()) {
                refuse("the first message must be a hello for a slot below " + joined.length());
            } else if (!name.equals(Identity.workerName(asked))) {
                refuse(name + " can't speak for slot " + asked);
            } else if (!Versions.OWN.equals(hello.getVersions())) {
                refuse("the worker runs " + hello.getVersions() + ", the driver " + Versions.OWN
                        + ": give both the same");
            } else if (!joined.compareAndSet(asked, 0, 1)) {
                refuse("slot " + asked + " is taken");
            } else {
                slot = asked;
                events.accept(new WorkerEvent.Joined(asked, hello, new WorkerConnection(outbox)));
            }
        }

        private void refuse(String reason) {
            refused = true;
            outbox.closed();
            stream.onError(Status.INVALID_ARGUMENT.withDescription(reason).asRuntimeException());
            ended(reason);
        }

        @Override
        public void onError(Throwable reason) {
            outbox.closed();
            ended(reason.toString());
        }

        @Override
        public void onCompleted() {
            outbox.complete();
            ended("the worker hung up");
        }

        private void ended(String reason) {
            if (slot != null) {
                events.accept(new WorkerEvent.Disconnected(slot, reason));
            }
        }
    }
}
