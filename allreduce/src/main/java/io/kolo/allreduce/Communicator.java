package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
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
    private static final System.Logger LOG = System.getLogger(Communicator.class.getName());

    private final Ring ring;
    private final Kernels kernels;
    private final Patience patience;
    private final RingPlan byLinks;
    private final AtomicBoolean busy = new AtomicBoolean();
    private Plan plan;
    private volatile int sequence;
    private @Nullable CollectiveException failure;

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
        this.kernels = kernels;
        this.patience = new Patience(ring, timeout);
        this.byLinks = new RingPlan(ring, link, kernels, patience);
        this.plan = byLinks;
    }

    /**
     * Goes over to shared memory if all ranks are on one host: if all of them can map a file that rank 0 makes, and
     * find in it what rank 0 has written there. Every rank calls it, at the same place in the order of operations.
     *
     * @param folder on a file system in memory; rank 0's counts
     * @return whether shared memory is used; the reason, either way, is in the log
     */
    public boolean shareMemory(Path folder) {
        HostMemory memory =
                ring.size() == 1 ? null : HostMemory.agree(this, ring, folder, HostGroup.memoryBytes(ring.size()));
        if (memory != null) {
            plan = new HostPlan(new HostGroup(ring, memory, patience), kernels);
        }
        LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", ring, plan.description());
        return memory != null;
    }

    /** Returns how this communicator works, for a log line. */
    public String description() {
        return plan.description();
    }

    /**
     * Returns zeroed memory for this rank's part of operations, off-heap and 64-byte aligned. Where ranks share memory
     * the others reach it without a copy: an all-reduce of such buffers, or of equal slices of them, costs least. Every
     * rank calls it with the same length, at the same place in the order of operations; the memory lives as long as the
     * communicator.
     *
     * @param length bytes
     */
    public MemorySegment allocate(long length) {
        if (length < 0) {
            throw new IllegalArgumentException("a length of " + length);
        }
        if (plan instanceof HostPlan host) {
            HostMemory memory =
                    HostMemory.agree(this, ring, host.folder(), HostMemory.lengthOfParts(ring.size(), length));
            if (memory != null) {
                return host.add(memory, length);
            }
        }
        return Arena.ofAuto().allocate(Math.max(1, length), 64).asSlice(0, length);
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
            plan.allReduce(next(), buffer, type, op);
        } catch (RuntimeException | Error e) {
            throw failed(e);
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
            plan.broadcast(next(), buffer, type, root);
        } catch (RuntimeException | Error e) {
            throw failed(e);
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
            plan.barrier(next());
        } catch (RuntimeException | Error e) {
            throw failed(e);
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
        patience.tell(culprit, reason);
    }

    /** Ends all use. An operation under way has to be ended before, by {@link #abort}; its memory stays mapped else. */
    @Override
    public void close() {
        boolean idle = busy.compareAndSet(false, true); // and stays so: there is no memory any more to operate on
        if (plan != byLinks && idle) {
            plan.close();
        }
        byLinks.close();
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
        if (failure != null) {
            leave();
            throw failure;
        }
    }

    private void leave() {
        busy.set(false);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written in an operation only, and there is one at a time
    private int next() {
        return ++sequence;
    }

    /** Remembers why no further operation is possible, and sees to it that the other ranks hear of it. */
    private CollectiveException failed(Throwable e) {
        if (e instanceof CollectiveException known) {
            failure = known;
            return known;
        }
        // The transport has ended, or the buffer's memory was freed.
        CollectiveAbortedException broken = patience.aborted(ring.rank(), "broke off: " + e);
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
