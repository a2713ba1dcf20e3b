package io.kolo.executor.control;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.proto.Failure;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.News;

/**
 * What the driver hears of a worker, or of an elastic job's coordinator. All events meet in one queue, which one thread
 * empties.
 */
public sealed interface WorkerEvent {
    /** In the place of a slot: the coordinator. */
    int COORDINATOR = -1;

    /** Returns the worker's slot, {@code 0 <= slot < workers}, or {@link #COORDINATOR}. */
    int slot();

    /** The worker is here, and this is how to talk to it. */
    record Joined(int slot, Hello hello, WorkerConnection connection) implements WorkerEvent {}

    /** The worker's ring stands; {@code plan} is how the ranks exchange. */
    record Ready(int slot, String plan) implements WorkerEvent {}

    /** The worker of an elastic job is to leave between two steps; with {@code node}, all of its node are. */
    record Drains(int slot, String reason, boolean node) implements WorkerEvent {}

    /** The worker's function returned; {@code result} is serialized. */
    record Returned(int slot, int run, ByteString result) implements WorkerEvent {}

    /** The worker's function threw, or the worker could not do what it was told. */
    record Failed(int slot, Failure failure) implements WorkerEvent {}

    /** The worker keeps the job waiting; {@code reason} says how. */
    record Stalled(int slot, String reason) implements WorkerEvent {}

    /** The worker's stream broke. */
    record Disconnected(int slot, String reason) implements WorkerEvent {}

    /** None of the threads of the worker's process will run again: it can't store into shared memory any more. */
    record Halted(int slot) implements WorkerEvent {}

    /** The worker's process ended. */
    record Exited(int slot, int exitCode) implements WorkerEvent {}

    /** The coordinator is here; workers find it at the address. */
    record Coordinates(String address, CoordinatorConnection connection) implements WorkerEvent {
        @Override
        public int slot() {
            return COORDINATOR;
        }
    }

    /** A coordinator has news; it may be one in whose place there is another. */
    record Tells(CoordinatorConnection from, News news) implements WorkerEvent {
        @Override
        public int slot() {
            return COORDINATOR;
        }
    }
}
