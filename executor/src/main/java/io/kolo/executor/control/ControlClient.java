package io.kolo.executor.control;

import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.kolo.executor.control.proto.ControlGrpc;
import io.kolo.executor.control.proto.CoordinationGrpc;
import io.kolo.executor.control.proto.FromCoordinator;
import io.kolo.executor.control.proto.FromMember;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.ToCoordinator;
import io.kolo.executor.control.proto.ToMember;
import io.kolo.executor.control.proto.ToWorker;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The end of the control channel that calls.
 *
 * @param <Q> what it says
 * @param <A> what it hears
 */
public final class ControlClient<Q, A> implements AutoCloseable {
    /** Another machine that is gone, or cut off, says nothing: after these two together it is taken for gone. */
    static final long PING_S = 10;

    private static final long PONG_S = 20;

    /**
     * TLS gives a handshake 10 s, at both ends. JVMs that have just started may need longer on busy cores, and less the
     * next time: a connection that has failed as late as this is tried again, for a while. One that fails sooner is
     * refused, or nobody is there.
     */
    private static final long SLOW_NS = TimeUnit.SECONDS.toNanos(5);

    private static final long TRIED_AGAIN_S = 60;

    private final ManagedChannel channel;
    private final MethodDescriptor<Q, A> method;
    private final CallOptions options;
    private final Inbox<Q, A> inbox;
    private final long sinceNs = System.nanoTime();

    /**
     * Whom to call, and who hears it.
     *
     * @param address of the one who is called, {@code host:port}
     * @param identity the caller's own; the other has to be of the same job
     * @param token the job's
     * @param messages takes what the other says, on the thread that reads the channel: it must not wait
     * @param ended called once with the reason when the other is gone
     */
    public record Line<A>(
            String address, Identity identity, JobToken token, Consumer<A> messages, Consumer<String> ended) {}

    private ControlClient(Line<A> line, String name, String receiver, MethodDescriptor<Q, A> method) {
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget(line.address)
                .sslContext(line.identity.client())
                .flowControlWindow(Parts.WINDOW_BYTES)
                .overrideAuthority(name)
                .directExecutor(); // what a worker is told may be that its ring is broken: no hop to another thread
        if (!isOnThisMachine(line.address)) { // a process here that only stands still, in a debugger say, is not gone
            builder.keepAliveTime(PING_S, TimeUnit.SECONDS).keepAliveTimeout(PONG_S, TimeUnit.SECONDS);
        }
        this.channel = builder.build();
        this.method = method;
        this.options = CallOptions.DEFAULT.withCallCredentials(line.token.credentials());
        this.inbox = new Inbox<>(receiver, line.messages, line.ended);
        call(options.withWaitForReady(), inbox);
        watch();
    }

    private void call(CallOptions how, StreamObserver<A> answers) {
        var unused = ClientCalls.asyncBidiStreamingCall(channel.newCall(method, how), answers);
    }

    /** Looks on; a call that finds its connection gone before it has begun waits for another one. */
    private void watch() {
        ConnectivityState state = channel.getState(false);
        switch (state) {
            case IDLE, CONNECTING, READY -> channel.notifyWhenStateChanged(state, this::watch);
            case TRANSIENT_FAILURE -> {
                if (System.nanoTime() - sinceNs < SLOW_NS) {
                    failUnlessConnected();
                } else {
                    CompletableFuture.delayedExecutor(TRIED_AGAIN_S, TimeUnit.SECONDS)
                            .execute(this::failUnlessConnected);
                }
            }
            case SHUTDOWN -> {}
        }
    }

    /** A call that does not wait for a connection says why there is none. */
    private void failUnlessConnected() {
        if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
            call(options, new StreamObserver<>() {
                @Override
                public void onNext(A message) {}

                @Override
                public void onError(Throwable reason) {
                    inbox.onError(reason);
                    channel.shutdownNow();
                }

                @Override
                public void onCompleted() {}
            });
        }
    }

    private static boolean isOnThisMachine(String address) {
        InetSocketAddress resolved =
                new InetSocketAddress(URI.create("kolo://" + address).getHost(), 0);
        return !resolved.isUnresolved() && resolved.getAddress().isLoopbackAddress();
    }

    /** Calls the driver, as a worker. */
    public static ControlClient<FromWorker, ToWorker> join(Line<ToWorker> driver) {
        return new ControlClient<>(driver, Identity.DRIVER, "the driver", ControlGrpc.getJoinMethod());
    }

    /** Calls the driver, as the coordinator. */
    public static ControlClient<FromCoordinator, ToCoordinator> coordinate(Line<ToCoordinator> driver) {
        return new ControlClient<>(driver, Identity.DRIVER, "the driver", ControlGrpc.getCoordinateMethod());
    }

    /** Calls the coordinator, as a worker. */
    public static ControlClient<FromMember, ToMember> take(Line<ToMember> coordinator) {
        return new ControlClient<>(
                coordinator, Identity.COORDINATOR, "the coordinator", CoordinationGrpc.getTakeMethod());
    }

    /** Returns the way to the other. */
    public Outbox<Q> outbox() {
        return inbox.outbox();
    }

    @Override
    public void close() {
        outbox().complete();
        channel.shutdownNow(); // the other may be cut off, and never answer
    }

    private static final class Inbox<Q, A> implements ClientResponseObserver<Q, A> {
        private final String receiver;
        private final Consumer<A> messages;
        private final Consumer<String> ended;
        private final AtomicBoolean over = new AtomicBoolean();
        private volatile Outbox<Q> outbox;

        @SuppressWarnings("NullAway.Init") // beforeStart is called before the call returns
        Inbox(String receiver, Consumer<A> messages, Consumer<String> ended) {
            this.receiver = receiver;
            this.messages = messages;
            this.ended = ended;
        }

        Outbox<Q> outbox() {
            return outbox;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<Q> stream) {
            outbox = new Outbox<>(stream, receiver);
            stream.setOnReadyHandler(outbox::wake);
        }

        @Override
        public void onNext(A message) {
            messages.accept(message);
        }

        @Override
        public void onError(Throwable reason) {
            Throwable cause = reason.getCause();
            end(reason + (cause == null ? "" : ": " + cause.getMessage()));
        }

        @Override
        public void onCompleted() {
            end("it hung up");
        }

        private void end(String reason) {
            if (over.compareAndSet(false, true)) {
                outbox.closed();
                ended.accept(reason);
            }
        }
    }
}
