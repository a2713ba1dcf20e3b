package io.kolo.executor.control;

import io.grpc.stub.StreamObserver;
import io.kolo.executor.control.proto.FromMember;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Standing;
import io.kolo.executor.control.proto.ToMember;

/** What one worker says to the coordinator of its job. */
final class MemberStream extends ServedStream<FromMember, ToMember> {
    private final MemberListener listener;
    private int worker = -1;

    MemberStream(String name, StreamObserver<ToMember> responses, MemberListener listener) {
        super(name, responses, "the worker");
        this.listener = listener;
    }

    @Override
    void greet(FromMember message) {
        Hello hello = message.getHello();
        if (!message.hasHello() || hello.getSlot() < 0) {
            throw new IllegalArgumentException("the first message must be a hello");
        }
        checkName(Identity.workerName(hello.getSlot()), "worker " + hello.getSlot());
        checkVersions("the worker", hello.getVersions());
        worker = hello.getSlot();
        listener.came(hello, new MemberConnection(outbox));
    }

    @Override
    void take(FromMember message) {
        switch (message.getKindCase()) {
            case STANDING -> {
                Standing standing = message.getStanding();
                listener.stands(standing.getRun(), ElasticMessages.standing(worker, standing));
            }
            case HELLO, KIND_NOT_SET ->
                throw new IllegalArgumentException("a worker says hello once, and then only where it stands");
        }
    }
}
