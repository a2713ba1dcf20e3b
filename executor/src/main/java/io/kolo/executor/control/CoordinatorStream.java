package io.kolo.executor.control;

import io.grpc.stub.StreamObserver;
import io.kolo.executor.control.proto.CoordinatorHello;
import io.kolo.executor.control.proto.FromCoordinator;
import io.kolo.executor.control.proto.ToCoordinator;

/** What the coordinator of an elastic job says to its driver. */
final class CoordinatorStream extends ServedStream<FromCoordinator, ToCoordinator> {
    private final WorkerListener listener;
    private final CoordinatorConnection connection = new CoordinatorConnection(outbox);

    CoordinatorStream(String name, StreamObserver<ToCoordinator> responses, WorkerListener listener) {
        super(name, responses, "the coordinator");
        this.listener = listener;
    }

    @Override
    void greet(FromCoordinator message) {
        checkName(Identity.COORDINATOR, "the coordinator");
        if (!message.hasHello()) {
            throw new IllegalArgumentException("the first message must be a hello");
        }
        CoordinatorHello hello = message.getHello();
        checkVersions("the coordinator", hello.getVersions());
        listener.onEvent(new WorkerEvent.Coordinates(hello.getAddress(), connection));
    }

    @Override
    void take(FromCoordinator message) {
        switch (message.getKindCase()) {
            case HEARTBEAT -> listener.onHeartbeat(WorkerEvent.COORDINATOR, message.getHeartbeat());
            case NEWS -> listener.onEvent(new WorkerEvent.Tells(connection, message.getNews()));
            case HELLO, KIND_NOT_SET ->
                throw new IllegalArgumentException("a coordinator says hello once, and then only what is known here");
        }
    }
}
