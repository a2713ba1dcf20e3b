package io.kolo.executor.control;

import io.grpc.stub.StreamObserver;
import io.kolo.executor.control.proto.Failure;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.ToWorker;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** What one worker says to its driver. */
final class WorkerStream extends ServedStream<FromWorker, ToWorker> {
    private final AtomicIntegerArray joined;
    private final WorkerListener listener;
    private final Parts result = new Parts();
    private int slot = -1;

    /**
     * Creates the receiving end of a stream.
     *
     * @param name whose certificate it is
     * @param responses the sending end
     * @param joined 1 for each slot that is taken
     * @param listener takes what is heard
     */
    WorkerStream(String name, StreamObserver<ToWorker> responses, AtomicIntegerArray joined, WorkerListener listener) {
        super(name, responses, "the worker");
        this.joined = joined;
        this.listener = listener;
    }

    @Override
    void greet(FromWorker message) {
        Hello hello = message.getHello();
        int asked = hello.getSlot();
        if (!message.hasHello() || asked < 0 || asked >= joined.length()) {
            throw new IllegalArgumentException("the first message must be a hello for a slot below " + joined.length());
        }
        checkName(Identity.workerName(asked), "slot " + asked);
        checkVersions("the worker", hello.getVersions());
        if (!joined.compareAndSet(asked, 0, 1)) {
            throw new IllegalArgumentException("slot " + asked + " is taken");
        }
        slot = asked;
        listener.onEvent(new WorkerEvent.Joined(asked, hello, new WorkerConnection(outbox)));
    }

    @Override
    void take(FromWorker message) {
        switch (message.getKindCase()) {
            case READY ->
                listener.onEvent(new WorkerEvent.Ready(slot, message.getReady().getPlan()));
            case PROGRESS -> listener.onProgress(slot, message.getProgress());
            case HEARTBEAT -> listener.onHeartbeat(slot, message.getHeartbeat());
            case DRAIN ->
                listener.onEvent(new WorkerEvent.Drains(
                        slot, message.getDrain().getReason(), message.getDrain().getNode()));
            case RESULT -> {
                int run = message.getResult().getRun();
                result.add(message.getResult())
                        .ifPresent(bytes -> listener.onEvent(new WorkerEvent.Returned(slot, run, bytes)));
            }
            case FAILURE -> listener.onEvent(new WorkerEvent.Failed(slot, checked(message.getFailure())));
            case HELLO, KIND_NOT_SET ->
                throw new IllegalArgumentException("a worker says hello once, and then only what this version knows");
        }
    }

    private static Failure checked(Failure failure) {
        if (failure.getCausesCount() == 0) {
            throw new IllegalArgumentException("a failure without a cause");
        }
        return failure;
    }

    @Override
    void ended(String reason) {
        listener.onEvent(new WorkerEvent.Disconnected(slot, reason));
    }
}
