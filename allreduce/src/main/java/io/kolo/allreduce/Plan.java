package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;

/**
 * How the ranks of a generation do their operations: chosen once, the same on every rank. All plans add up in the order
 * of {@link Segments}, so that they give the same bits. Called by one thread at a time; what an operation throws ends
 * the plan.
 */
interface Plan extends AutoCloseable {
    /** Returns what this plan is, for a log line. */
    String description();

    void allReduce(int sequence, MemorySegment buffer, DataType type, ReduceOp op);

    void broadcast(int sequence, MemorySegment buffer, DataType type, int root);

    void barrier(int sequence);

    /** Tells the other ranks of a failure that they can't know of yet, as far as that goes in a short time. */
    void fail(CollectiveException reason);

    @Override
    void close();
}
