package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** All ranks in one ring over links: the loop around {@link RingCollective}. */
final class RingPlan implements Plan {
    private static final long TELL_NEIGHBOUR_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Link link;
    private final Patience patience;
    private final RingAllReduce allReduce;
    private final RingBroadcast broadcast;
    private @Nullable RingCollective current;

    RingPlan(Ring ring, Link link, Kernels kernels, Patience patience) {
        this.link = link;
        this.patience = patience;
        this.allReduce = new RingAllReduce(ring, link, kernels);
        this.broadcast = new RingBroadcast(ring, link);
    }

    @Override
    public String description() {
        return "a ring of all ranks";
    }

    @Override
    public void allReduce(int sequence, MemorySegment buffer, DataType type, ReduceOp op) {
        run(allReduce.start(sequence, buffer, type, op));
    }

    @Override
    public void broadcast(int sequence, MemorySegment buffer, DataType type, int root) {
        run(broadcast.start(sequence, buffer, type, root));
    }

    @Override
    public void barrier(int sequence) {
        run(allReduce.startBarrier(sequence));
    }

    private void run(RingCollective operation) {
        current = operation;
        link.enter();
        try {
            turn(operation);
        } finally {
            link.leave();
        }
    }

    private void turn(RingCollective operation) {
        long progressNs = System.nanoTime();
        while (!operation.isDone()) {
            if (operation.doWork() > 0) {
                patience.reset();
                progressNs = System.nanoTime();
                continue;
            }
            CollectiveException reason = operation.failure();
            if (reason == null) {
                reason = reasonToStop(operation, System.nanoTime() - progressNs);
            }
            if (reason != null) {
                operation.fail(reason);
                tellRight(operation);
                throw reason;
            }
            patience.idle();
        }
    }

    private @Nullable CollectiveException reasonToStop(RingCollective operation, long waitedNs) {
        CollectiveException reason = patience.reasonToStop();
        return reason == null && patience.isOver(waitedNs)
                ? operation.timeout(TimeUnit.NANOSECONDS.toMillis(waitedNs))
                : reason;
    }

    @Override
    public void fail(CollectiveException reason) {
        RingCollective operation = current;
        if (operation != null) {
            operation.fail(reason);
            link.enter();
            try {
                tellRight(operation);
            } finally {
                link.leave();
            }
        }
    }

    /** The right neighbour may be the one that is lost, and no longer read: it is told, but not for long. */
    private static void tellRight(RingCollective operation) {
        long deadlineNs = System.nanoTime() + TELL_NEIGHBOUR_NS;
        try {
            while (System.nanoTime() - deadlineNs < 0) {
                operation.doWork(); // throws once the neighbour has been told
                Thread.onSpinWait();
            }
        } catch (CollectiveException told) {
            return;
        }
    }

    @Override
    public void close() {
        link.close();
    }
}
