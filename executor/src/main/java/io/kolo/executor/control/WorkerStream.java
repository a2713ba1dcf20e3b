package io.kolo.executor.control;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.kolo.executor.control.proto.Failure;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Part;
import io.kolo.executor.control.proto.ToWorker;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/** What one worker says; gRPC calls it from one thread at a time. */
final class WorkerStream implements StreamObserver<FromWorker> {
    private final String name;
    private final StreamObserver<ToWorker> stream;
    private final Outbox<ToWorker> outbox;
    private final AtomicIntegerArray joined;
    private final WorkerListener listener;
    private final Parts result = new Parts();
    private @Nullable Integer slot;
    private boolean refused;

    /**
     * Creates the receiving end of a stream.
     *
     * @param name whose certificate it is
     * @param stream the sending end, for a refusal
     * @param outbox the sending end, for messages
     * @param joined 1 for each slot that is taken
     * @param listener takes what is heard
     */
    WorkerStream(
            String name,
            StreamObserver<ToWorker> stream,
            Outbox<ToWorker> outbox,
            AtomicIntegerArray joined,
            WorkerListener listener) {
        this.name = name;
        this.stream = stream;
        this.outbox = outbox;
        this.joined = joined;
        this.listener = listener;
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
            case READY ->
                listener.onEvent(new WorkerEvent.Ready(known, message.getReady().getPlan()));
            case PROGRESS -> listener.onProgress(known, message.getProgress());
            case HEARTBEAT -> listener.onHeartbeat(known, message.getHeartbeat());
            case STANDING ->
                listener.onEvent(new WorkerEvent.Stands(known, ElasticMessages.standing(known, message.getStanding())));
            case DRAIN -> listener.onEvent(new WorkerEvent.Drains(known));
            case RESULT -> add(known, message.getResult());
            case FAILURE -> fail(known, message.getFailure());
            case HELLO, KIND_NOT_SET -> refuse("a worker says hello once, and then only what this version knows");
        }
    }

    private void fail(int slot, Failure failure) {
        if (failure.getCausesCount() == 0) {
            refuse("a failure without a cause");
        } else {
            listener.onEvent(new WorkerEvent.Failed(slot, failure));
        }
    }

    private void add(int slot, Part part) {
        try {
            result.add(part).ifPresent(bytes -> listener.onEvent(new WorkerEvent.Returned(slot, part.getRun(), bytes)));
        } catch (IllegalArgumentException e) {
            refuse(String.valueOf(e.getMessage()));
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
            refuse("the worker runs " + hello.getVersions() + ", the driver " + Versions.OWN + ": give both the same");
        } else if (!joined.compareAndSet(asked, 0, 1)) {
            refuse("slot " + asked + " is taken");
        } else {
            slot = asked;
            listener.onEvent(new WorkerEvent.Joined(asked, hello, new WorkerConnection(outbox)));
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
            listener.onEvent(new WorkerEvent.Disconnected(slot, reason));
        }
    }
}
