package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** All ranks in one ring over links, and any two over their lines: the loop around {@link RingCollective}. */
final class RingPlan implements Plan {
    private static final long TELL_NEIGHBOUR_NS = TimeUnit.MILLISECONDS.toNanos(40);

    private final Ring ring;
    private final Lines lines;
    private final Link link;
    private final Patience patience;
    private final RingSweep sweep;
    private final RingBroadcast broadcast;
    private final RingExchange exchange;
    private RingCollective current;

    RingPlan(Ring ring, Lines lines, Patience patience) {
        this.ring = ring;
        this.lines = lines;
        this.link = lines.link(ring.left(), ring.right());
        this.patience = patience;
        this.sweep = new RingSweep(ring, link);
        this.broadcast = new RingBroadcast(ring, link);
        this.exchange = new RingExchange(ring, link);
        this.current = sweep;
    }

    @Override
    public String description() {
        return "a ring of all ranks";
    }

    @Override
    public void run(Operation operation, MemorySegment buffer) {
        turn(
                operation.collective() == Collective.BROADCAST
                        ? broadcast.start(operation, buffer)
                        : sweep.start(operation, buffer),
                link);
        if (ring.size() == 1 && operation.combines()) {
            long count = buffer.byteSize() / operation.elements().sizeBytes();
            operation.finish(buffer, 0, count);
        }
    }

    @Override
    public void exchange(Operation operation, int to, MemorySegment outgoing, int from, MemorySegment incoming) {
        Link between = lines.link(from == NOBODY ? to : from, to == NOBODY ? from : to);
        turn(exchange.start(operation, between, to, outgoing, from, incoming), between);
    }

    private void turn(RingCollective operation, Link link) {
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
        current.fail(reason);
        link.enter();
        try {
            tellRight(current);
        } finally {
            link.leave();
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
        // The lines are the communicator's.
    }
}
