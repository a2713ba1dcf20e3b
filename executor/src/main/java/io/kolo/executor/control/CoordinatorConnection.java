package io.kolo.executor.control;

import io.kolo.executor.control.proto.Expected;
import io.kolo.executor.control.proto.Gone;
import io.kolo.executor.control.proto.Goodbye;
import io.kolo.executor.control.proto.Run;
import io.kolo.executor.control.proto.ToCoordinator;
import java.util.Set;

/** The driver's way to the coordinator. A connection that broke takes messages and drops them: its end is an event. */
public final class CoordinatorConnection {
    private final Outbox<ToCoordinator> outbox;

    CoordinatorConnection(Outbox<ToCoordinator> outbox) {
        this.outbox = outbox;
    }

    /** A training begins, or goes on. */
    public void run(Run run) {
        outbox.sendNow(ToCoordinator.newBuilder().setRun(run).build());
    }

    /** These workers are there, or on their way. */
    public void expected(Set<Integer> workers) {
        outbox.sendNow(ToCoordinator.newBuilder()
                .setExpected(Expected.newBuilder().addAllWorkers(workers))
                .build());
    }

    /** A worker is gone. */
    public void lost(int worker, String reason) {
        outbox.sendNow(ToCoordinator.newBuilder()
                .setLost(Gone.newBuilder().setWorker(worker).setReason(reason))
                .build());
    }

    /** A worker is to leave between two steps. */
    public void draining(int worker) {
        outbox.sendNow(ToCoordinator.newBuilder().setDraining(worker).build());
    }

    /** The job is over. */
    public void goodbye() {
        outbox.sendNow(ToCoordinator.newBuilder()
                .setGoodbye(Goodbye.getDefaultInstance())
                .build());
    }
}
