package io.kolo.executor.control;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/**
 * What one caller says, on the side that is called: first who it is, and then the rest, if that was believed. gRPC
 * calls it from one thread at a time.
 *
 * @param <Q> what is said
 * @param <A> what is answered
 */
abstract class ServedStream<Q, A> implements StreamObserver<Q> {
    final Outbox<A> outbox;
    private final StreamObserver<A> stream;
    private final String name;
    private boolean greeted;
    private boolean refused;

    /**
     * Creates the receiving end.
     *
     * @param name whose certificate it is
     * @param responses the sending end
     * @param caller who calls, for messages: "the worker"
     */
    ServedStream(String name, StreamObserver<A> responses, String caller) {
        this.name = name;
        ServerCallStreamObserver<A> sending = (ServerCallStreamObserver<A>) responses;
        this.stream = sending;
        this.outbox = new Outbox<>(sending, caller);
        sending.setOnReadyHandler(outbox::wake);
        sending.setOnCancelHandler(outbox::closed); // or a message to one that has just died would throw
    }

    /** Takes the first message; throws IllegalArgumentException if it is not to be believed. */
    abstract void greet(Q message);

    /** Takes any other message; throws IllegalArgumentException if it makes no sense. */
    abstract void take(Q message);

    /** One that has been greeted has hung up: no news, unless it can't come back. */
    void ended(String reason) {}

    /** Throws unless the caller has proven that this is its name. */
    final void checkName(String claimed, String what) {
        if (!name.equals(claimed)) {
            throw new IllegalArgumentException(name + " can't speak for " + what);
        }
    }

    /** Throws unless the caller runs what this process runs. */
    static void checkVersions(String caller, String versions) {
        if (!Versions.OWN.equals(versions)) {
            throw new IllegalArgumentException(
                    caller + " runs " + versions + ", the driver " + Versions.OWN + ": give both the same");
        }
    }

    @Override
    public final void onNext(Q message) {
        if (refused) {
            return;
        }
        try {
            if (greeted) {
                take(message);
            } else {
                greet(message);
                greeted = true;
            }
        } catch (IllegalArgumentException e) {
            refuse(String.valueOf(e.getMessage()));
        }
    }

    private void refuse(String reason) {
        refused = true;
        outbox.closed();
        stream.onError(Status.INVALID_ARGUMENT.withDescription(reason).asRuntimeException());
        end(reason);
    }

    private void end(String reason) {
        if (greeted) {
            ended(reason);
        }
    }

    @Override
    public final void onError(Throwable reason) {
        outbox.closed();
        end(reason.toString());
    }

    @Override
    public final void onCompleted() {
        outbox.complete();
        end("it hung up");
    }
}
