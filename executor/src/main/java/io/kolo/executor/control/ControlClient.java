package io.kolo.executor.control;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.kolo.executor.control.proto.ControlGrpc;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.ToWorker;
import java.util.function.Consumer;

/** The worker's end of the control channel. */
public final class ControlClient implements AutoCloseable {
    private final ManagedChannel channel;
    private final Outbox<FromWorker> outbox;

    /**
     * Opens the stream.
     *
     * @param address the driver's, {@code host:port}
     * @param identity the worker's own; the driver has to be of the same job
     * @param token the job's
     * @param messages takes what the driver says, on the thread that reads the channel: it must not wait
     * @param ended called once with the reason when the driver is gone
     */
    public ControlClient(
            String address, Identity identity, JobToken token, Consumer<ToWorker> messages, Consumer<String> ended) {
        this.channel = NettyChannelBuilder.forTarget(address)
                .sslContext(identity.client())
                .flowControlWindow(Parts.WINDOW_BYTES)
                .overrideAuthority(Identity.DRIVER)
                .directExecutor() // what a worker is told may be that its ring is broken: no hop to another thread
                .build();
        Inbox inbox = new Inbox(messages, ended);
        ControlGrpc.newStub(channel).withCallCredentials(token.credentials()).join(inbox);
        this.outbox = inbox.outbox();
    }

    /** Returns the way to the driver. */
    public Outbox<FromWorker> outbox() {
        return outbox;
    }

    @Override
    public void close() {
        outbox.complete();
        channel.shutdown();
    }

    private static final class Inbox implements ClientResponseObserver<FromWorker, ToWorker> {
        private final Consumer<ToWorker> messages;
        private final Consumer<String> ended;
        private volatile Outbox<FromWorker> outbox;

        @SuppressWarnings("NullAway.Init") // beforeStart is called before join returns
        Inbox(Consumer<ToWorker> messages, Consumer<String> ended) {
            this.messages = messages;
            this.ended = ended;
        }

        Outbox<FromWorker> outbox() {
            return outbox;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<FromWorker> stream) {
            outbox = new Outbox<>(stream, "the driver");
            stream.setOnReadyHandler(outbox::wake);
        }

        @Override
        public void onNext(ToWorker message) {
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
            ended.accept("the driver hung up");
        }
    }
}
