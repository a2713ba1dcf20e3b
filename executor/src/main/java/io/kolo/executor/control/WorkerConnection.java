package io.kolo.executor.control;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.proto.Abort;
import io.kolo.executor.control.proto.Part;
import io.kolo.executor.control.proto.Shutdown;
import io.kolo.executor.control.proto.ToWorker;
import io.kolo.executor.control.proto.World;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/** The driver's way to one worker. A connection that broke takes messages and drops them: its end is an event. */
public final class WorkerConnection {
    private final Outbox<ToWorker> outbox;

    WorkerConnection(Outbox<ToWorker> outbox) {
        this.outbox = outbox;
    }

    /** Announces the members of a generation. */
    public void world(World world) {
        outbox.sendNow(ToWorker.newBuilder().setWorld(world).build());
    }

    /** Says where the coordinator of an elastic job is. */
    public void coordinator(String address) {
        outbox.sendNow(ToWorker.newBuilder().setCoordinator(address).build());
    }

    /** Says that no thread of another worker will run again: it can't store into shared memory any more. */
    public void halted(int worker) {
        outbox.sendNow(ToWorker.newBuilder().setHalted(worker).build());
    }

    /** Sends a serialized function. */
    public void function(ByteString function, int run) throws TimeoutException, InterruptedException {
        Parts.send(function, run, outbox, WorkerConnection::functionPart);
    }

    private static ToWorker functionPart(Part part) {
        return ToWorker.newBuilder().setFunction(part).build();
    }

    /** Ends the worker's pending operations. */
    public void abort(int culprit, String reason) {
        outbox.sendNow(ToWorker.newBuilder()
                .setAbort(Abort.newBuilder().setCulprit(culprit).setReason(reason))
                .build());
    }

    /** Tells the worker to leave within a time. */
    public void shutdown(Duration timeout) {
        outbox.sendNow(ToWorker.newBuilder()
                .setShutdown(Shutdown.newBuilder().setLeaveTimeoutMs(timeout.toMillis()))
                .build());
    }
}
