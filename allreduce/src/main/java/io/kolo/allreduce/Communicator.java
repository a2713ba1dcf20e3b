package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;

/**
 * What a rank holds to exchange buffers with the other ranks of its generation.
 *
 * <p>Operations are ordered: every rank calls the same ones in the same order, and each call returns when this rank's
 * part is done. One operation at a time; any thread may call it. After a {@link CollectiveException} the communicator
 * is of no more use, and each further call throws the same.
 *
 * <p>Buffers are in native byte order, off-heap or on it ({@code MemorySegment.ofArray(floats)}), of any alignment.
 * Results depend only on the ring's size, the inputs, type and op: all ranks get the same bits, in every run.
 */
public final class Communicator implements AutoCloseable {
    private static final long TELL_NEIGHBOUR_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Ring ring;
    private final Link link;
    private final RingAllReduce allReduce;
    private final RingBroadcast broadcast;
    private final IdleStrategy idle;
    private final long timeoutNs;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile int sequence;
    private @Nullable CollectiveException failure;
    private volatile @Nullable CollectiveAbortedException told;

    /**
     * Creates the communicator of one rank.
     *
     * @param ring the rank's place
     * @param link its neighbours; closed with the communicator
     * @param kernels the arithmetic
     * @param timeout how long an operation may go without any progress before it fails
     */
    public Communicator(Ring ring, Link link, Kernels kernels, Duration timeout) {
        this.ring = ring;
        this.link = link;
        this.allReduce = new RingAllReduce(ring, link, kernels);
        this.broadcast = new RingBroadcast(ring, link);
        this.timeoutNs = timeout.toNanos();
        // More ranks than cores: who spins keeps the one from running that it waits for.
        int spins = ring.size() <= Runtime.getRuntime().availableProcessors() ? 1000 : 20;
        this.idle = new BackoffIdleStrategy(
                spins, 1000, TimeUnit.MICROSECONDS.toNanos(1), TimeUnit.MICROSECONDS.toNanos(100));
    }

    /** Returns this rank, {@code 0 <= rank < size}. */
    public int rank() {
        return ring.rank();
    }

    /** Returns the number of ranks. */
    public int size() {
        return ring.size();
    }

    /** Returns how many operations this rank has begun; any thread may ask, also in the middle of one. */
    public int operations() {
        return sequence;
    }

    /** Returns the number of the generation. */
    public int generation() {
        return ring.generation();
    }

    /**
     * Combines the buffers of all ranks, element by element, and leaves the result in each of them.
     *
     * @param buffer this rank's elements, as many on every rank; read and overwritten
     * @param type the elements' type; the buffer's length must be a multiple of its size
     * @param op how elements combine
     * @throws CollectiveException if a rank is lost, does something else, or nothing moves for the timeout
     */
    public void allReduce(MemorySegment buffer, DataType type, ReduceOp op) {
        check(buffer, type, true);
        enter();
        try {
            run(allReduce.start(next(), buffer, type, op));
        } finally {
            leave();
        }
    }

    /**
     * Copies the root's buffer into the buffers of all other ranks.
     *
     * @param buffer as long on every rank; read at the root, overwritten elsewhere
     * @param type the elements' type; the buffer's length must be a multiple of its size
     * @param root the rank to copy from, the same on every rank
     * @throws CollectiveException if a rank is lost, does something else, or nothing moves for the timeout
     */
    public void broadcast(MemorySegment buffer, DataType type, int root) {
        if (root < 0 || root >= ring.size()) {
            throw new IllegalArgumentException("root " + root + " of " + ring.size() + " ranks");
        }
        check(buffer, type, root != ring.rank());
        enter();
        try {
            run(broadcast.start(next(), buffer, type, root));
        } finally {
            leave();
        }
    }

    /**
     * Returns on no rank before all ranks have called it.
     *
     * @throws CollectiveException if a rank is lost, does something else, or nothing moves for the timeout
     */
    public void barrier() {
        enter();
        try {
            run(allReduce.startBarrier(next()));
        } finally {
            leave();
        }
    }

    /**
     * Ends the operation under way, and each further one, with a {@link CollectiveAbortedException}. Any thread may
     * call it; only the first call counts.
     *
     * @param culprit the rank that is lost or has failed
     * @param reason what happened to it
     */
    public void abort(int culprit, String reason) {
        if (told == null) {
            told = aborted(culprit, reason);
        }
    }

    private CollectiveAbortedException aborted(int culprit, String what) {
        return new CollectiveAbortedException(
                "generation " + ring.generation() + ": rank " + culprit + " " + what, culprit);
    }

    @Override
    public void close() {
        link.close();
    }

    /** What is wrong with a buffer is found here, where it costs one call, and not in mid-operation the ring. */
    private static void check(MemorySegment buffer, DataType type, boolean written) {
        if (buffer.byteSize() % type.sizeBytes() != 0) {
            throw new IllegalArgumentException(
                    "a buffer of " + buffer.byteSize() + " bytes holds no whole number of " + type);
        }
        if (written && buffer.isReadOnly()) {
            throw new IllegalArgumentException("the buffer is read-only, and the result is to be written into it");
        }
        if (!buffer.scope().isAlive() || !buffer.isAccessibleBy(Thread.currentThread())) {
            throw new IllegalArgumentException(
                    "the buffer's memory is " + (buffer.scope().isAlive() ? "another thread's alone" : "closed"));
        }
    }

    private void enter() {
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException(ring + ": another thread is in an operation of this communicator");
        }
        try {
            link.enter();
        } catch (RuntimeException e) {
            busy.set(false);
            throw e;
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written in an operation only, and there is one at a time
    private int next() {
        return ++sequence;
    }

    private void leave() {
        try {
            link.leave();
        } finally {
            busy.set(false);
        }
    }

    private void run(RingCollective operation) {
        if (failure != null) {
            throw failure;
        }
        try {
            turn(operation);
        } catch (CollectiveException e) {
            failure = e;
            throw e;
        } catch (RuntimeException | Error e) { // the transport has ended, or the buffer's memory was freed
            CollectiveAbortedException broken = aborted(ring.rank(), "broke off: " + e);
            broken.initCause(e);
            failure = broken;
            operation.fail(broken);
            throw giveUp(operation, broken);
        }
    }

    private void turn(RingCollective operation) {
        long progressNs = System.nanoTime();
        while (!operation.isDone()) {
            if (operation.doWork() > 0) {
                idle.reset();
                progressNs = System.nanoTime();
                continue;
            }
            CollectiveException reason = operation.failure();
            if (reason == null) {
                reason = reasonToStop(operation, System.nanoTime() - progressNs);
            }
            if (reason != null) {
                operation.fail(reason);
                throw giveUp(operation, reason);
            }
            idle.idle();
        }
    }

    private @Nullable CollectiveException reasonToStop(RingCollective operation, long waitedNs) {
        if (told != null) {
            return told;
        }
        if (waitedNs > timeoutNs) {
            return operation.timeout(TimeUnit.NANOSECONDS.toMillis(waitedNs));
        }
        if (Thread.currentThread().isInterrupted()) {
            return aborted(ring.rank(), "was interrupted");
        }
        return null;
    }

    /** Tells the right neighbour, which may be the one that is lost: not for long. Returns what to throw. */
    private static CollectiveException giveUp(RingCollective operation, CollectiveException reason) {
        long deadlineNs = System.nanoTime() + TELL_NEIGHBOUR_NS;
        try {
            while (System.nanoTime() - deadlineNs < 0) {
                operation.doWork(); // throws once the neighbour has been told
                Thread.onSpinWait();
            }
        } catch (RuntimeException | Error e) {
            if (e != reason) {
                reason.addSuppressed(e); // the transport has ended: there is nobody to tell
            }
        }
        return reason;
    }
}
