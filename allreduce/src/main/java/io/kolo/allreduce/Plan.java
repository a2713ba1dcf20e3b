package io.kolo.allreduce;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * How the ranks of a generation do their operations: chosen once, the same on every rank. All plans add up in the order
 * of {@link Segments}, so that they give the same bits. Called by one thread at a time; what an operation throws ends
 * the plan.
 */
interface Plan extends AutoCloseable {
    /** Returns what this plan is, and why it was chosen, for a log line. */
    String description();

    /**
     * Does an operation of all ranks in one buffer, as long on each of them and cut into {@link Segments}, one a rank:
     *
     * <ul>
     *   <li>all-reduce: all segments of all ranks are combined; each rank gets all.
     *   <li>reduce: the same; the root gets all, the others' buffers are a working space.
     *   <li>reduce-scatter: the same; each rank gets its own segment, the rest is a working space.
     *   <li>all-gather: each rank has its own segment; each gets all.
     *   <li>broadcast: the root has all; each gets all.
     *   <li>barrier: there is no buffer.
     * </ul>
     */
    void run(Operation operation, MemorySegment buffer);

    /**
     * Sends to one rank and receives from another one, both at once.
     *
     * @param operation what this is a part of; its number is that of both ends
     * @param to the rank to send to, or {@link #NOBODY}
     * @param outgoing what to send; it may return before all of it has been received
     * @param from the rank to receive from, or {@link #NOBODY}
     * @param incoming where to put it; as long as what the other rank sends
     */
    void exchange(Operation operation, int to, MemorySegment outgoing, int from, MemorySegment incoming);

    /** No rank. */
    int NOBODY = -1;

    /**
     * Returns memory for this rank's part of operations, which all ranks allocate.
     *
     * @param ranks all of them
     * @param length bytes
     */
    default MemorySegment allocate(Communicator ranks, long length) {
        return Arena.ofAuto().allocate(Math.max(1, length), ALIGNMENT).asSlice(0, length);
    }

    /** Of allocated memory, in bytes. */
    int ALIGNMENT = 64;

    /** Tells the other ranks of a failure that they can't know of yet, as far as that goes in a short time. */
    void fail(CollectiveException reason);

    @Override
    void close();
}
