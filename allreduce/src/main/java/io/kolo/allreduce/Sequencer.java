package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Halves;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One operation of a communicator at a time, each with its number. After the first that fails there is no other: each
 * throws what that one threw.
 */
final class Sequencer {
    /** What an operation does that is made of exchanges between two ranks. */
    @FunctionalInterface
    interface Steps {
        void take(Plan plan, Operation operation);
    }

    private final Ring ring;
    private final Kernels kernels;
    private final Patience patience;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final Operation operation = new Operation();
    private Plan plan;
    private MemorySegment wide = MemorySegment.NULL;
    private volatile int sequence;
    private volatile boolean ended;
    private @Nullable CollectiveException failure;

    Sequencer(Ring ring, Plan plan, Kernels kernels, Patience patience) {
        this.ring = ring;
        this.plan = plan;
        this.kernels = kernels;
        this.patience = patience;
    }

    Plan plan() {
        return plan;
    }

    /** From the next operation on, another plan. */
    void use(Plan plan) {
        this.plan = plan;
    }

    /** Returns how many operations of all ranks have begun. */
    int sequence() {
        return sequence;
    }

    /** Begins an operation of all ranks; one of the {@code run} methods has to follow. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // written in an operation only, and there is one at a time
    void begin(Collective collective, DataType type, int root) {
        enter();
        operation.is(collective, ++sequence, type, root);
    }

    /** Begins an operation of all ranks that combines; {@code postScale} is what its results are multiplied by. */
    void beginCombining(Collective collective, DataType type, ReduceOp op, int root, double postScale) {
        begin(collective, type, root);
        operation.combining(kernels, op, op == ReduceOp.AVERAGE ? ring.size() : 1, postScale);
    }

    /** Begins what only two ranks are in; they number it, as an operation that is refused has no number. */
    void beginBetweenTwo(DataType type) {
        enter();
        operation.is(Collective.SEND, 0, type, 0);
    }

    /**
     * Runs what has begun.
     *
     * @param preScale what this rank's elements are multiplied by before anything else
     */
    void run(MemorySegment buffer, double preScale) {
        try {
            boolean widens = operation.elements() != operation.type();
            MemorySegment elements = widens ? widened(buffer) : buffer;
            if (preScale != 1) {
                long count = elements.byteSize() / operation.elements().sizeBytes();
                kernels.scale(operation.elements(), elements, 0, count, preScale);
            }
            plan.run(operation, elements);
            if (widens) {
                long count = buffer.byteSize() / operation.type().sizeBytes();
                Halves.narrow(operation.type(), elements, 0, buffer, 0, count);
            }
        } catch (RuntimeException | Error e) {
            throw failed(e);
        } finally {
            leave();
        }
    }

    /** Runs what has begun. */
    void run(Steps steps) {
        try {
            steps.take(plan, operation);
        } catch (RuntimeException | Error e) {
            throw failed(e);
        } finally {
            leave();
        }
    }

    /** Halves as the floats that they are combined as, in memory that is kept for the next ones. */
    private MemorySegment widened(MemorySegment halves) {
        long count = halves.byteSize() / operation.type().sizeBytes();
        if (wide.byteSize() < count * Float.BYTES) {
            wide = Arena.ofAuto().allocate(count * Float.BYTES, 64);
        }
        Halves.widen(operation.type(), halves, 0, wide, 0, count);
        return wide.asSlice(0, count * Float.BYTES);
    }

    private void enter() {
        boolean entered = busy.compareAndSet(false, true);
        if (ended) {
            throw new IllegalStateException(ring + ": this communicator is closed"); // and stays busy for good
        }
        if (!entered) {
            throw new IllegalStateException(ring + ": another thread is in an operation of this communicator");
        }
        if (failure != null) {
            leave();
            throw failure;
        }
    }

    private void leave() {
        busy.set(false);
    }

    /** Lets no operation begin any more; returns whether none is under way. */
    boolean end() {
        ended = true;
        return busy.compareAndSet(false, true);
    }

    /** Remembers why no further operation is possible, and sees to it that the other ranks hear of it. */
    private CollectiveException failed(Throwable e) {
        if (e instanceof CollectiveException known) {
            failure = known;
            return known;
        }
        // The transport has ended, or the buffer's memory was freed.
        CollectiveAbortedException broken = patience.aborted(ring.inWorld(), "broke off: " + e);
        broken.initCause(e);
        failure = broken;
        try {
            plan.fail(broken);
        } catch (RuntimeException | Error again) {
            broken.addSuppressed(again); // there is nobody to tell
        }
        return broken;
    }
}
