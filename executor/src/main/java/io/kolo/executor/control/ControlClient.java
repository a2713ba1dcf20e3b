package io.kolo.executor.control;

import io.grpc.CallCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
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
import java.util.concurrent.TimeUnit;
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

    private final ManagedChannel channel;
    private final Outbox<Q> outbox;

    /** What is called: one method of a service, by a caller that gives its credentials. */
    private interface Call<Q, A> {
        StreamObserver<Q> on(ManagedChannel channel, CallCredentials credentials, StreamObserver<A> inbox);
    }

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

    private ControlClient(Line<A> line, String name, String receiver, Call<Q, A> call) {
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget(line.address)
                .sslContext(line.identity.client())
                .flowControlWindow(Parts.WINDOW_BYTES)
                .overrideAuthority(name)
                .directExecutor(); // what a worker is told may be that its ring is broken: no hop to another thread
        if (!isOnThisMachine(line.address)) { // a process here that only stands still, in a debugger say, is not gone
            builder.keepAliveTime(PING_S, TimeUnit.SECONDS).keepAliveTimeout(PONG_S, TimeUnit.SECONDS);
        }
        this.channel = builder.build();
        Inbox<Q, A> inbox = new Inbox<>(receiver, line.messages, line.ended);
        call.on(channel, line.token.credentials(), inbox);
        this.outbox = inbox.outbox();
    }

    private static boolean isOnThisMachine(String address) {
        InetSocketAddress resolved =
                new InetSocketAddress(URI.create("kolo://" + address).getHost(), 0);
        return !resolved.isUnresolved() && resolved.getAddress().isLoopbackAddress();
    }

    /** Calls the driver, as a worker. */
    public static ControlClient<FromWorker, ToWorker> join(Line<ToWorker> driver) {
        return new ControlClient<>(
                driver,
                Identity.DRIVER,
                "the driver",
                (channel, credentials, inbox) -> ControlGrpc.newStub(channel)
                        .withCallCredentials(credentials)
                        .join(inbox));
    }

    /** Calls the driver, as the coordinator. */
    public static ControlClient<FromCoordinator, ToCoordinator> coordinate(Line<ToCoordinator> driver) {
        return new ControlClient<>(
                driver,
                Identity.DRIVER,
                "the driver",
                (channel, credentials, inbox) -> ControlGrpc.newStub(channel)
                        .withCallCredentials(credentials)
                        .coordinate(inbox));
    }

    /** Calls the coordinator, as a worker. */
    public static ControlClient<FromMember, ToMember> take(Line<ToMember> coordinator) {
        return new ControlClient<>(
                coordinator,
                Identity.COORDINATOR,
                "the coordinator",
                (channel, credentials, inbox) -> CoordinationGrpc.newStub(channel)
                        .withCallCredentials(credentials)
                        .take(inbox));
    }

    /** Returns the way to the other. */
    public Outbox<Q> outbox() {
        return outbox;
    }

    @Override
    public void close() {
        outbox.complete();
        channel.shutdownNow(); // the other may be cut off, and never answer
    }

    private static final class Inbox<Q, A> implements ClientResponseObserver<Q, A> {
        private final String receiver;
        private final Consumer<A> messages;
        private final Consumer<String> ended;
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
            outbox.closed();
            ended.accept(reason.toString());
        }

        @Override
        public void onCompleted() {
            outbox.closed();
            ended.accept("it hung up");
        }
    }
}
