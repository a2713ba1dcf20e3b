package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import io.kolo.kernels.Reducer;
import java.lang.foreign.MemorySegment;

/**
 * Ring all-reduce: n - 1 steps of reduce-scatter, after which each rank holds one segment of the result, and n - 1
 * steps of all-gather. In step s rank r sends segment r - s and receives segment r - s - 1, counted round; what it
 * receives in one step it sends in the next, chunk by chunk, so that all lines are busy while the first chunks are
 * still on their way. Each rank sends {@code 2 (n - 1) / n} of the buffer, which is the least possible.
 *
 * <p>Segment k is summed in the order of ranks k, k + 1, ... k - 1, whatever the timing: the same inputs give the same
 * bits.
 *
 * <p>Source: P. Patarasuk and X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009.
 */
final class RingAllReduce extends RingCollective {
    private final Kernels kernels;
    private DataType type = DataType.F32;
    private Reducer reducer;
    private boolean average;

    RingAllReduce(Ring ring, Link link, Kernels kernels) {
        super(ring, link);
        this.kernels = kernels;
        this.reducer = kernels.reducer(DataType.F32, ReduceOp.SUM);
    }

    RingAllReduce start(int sequence, MemorySegment buffer, DataType type, ReduceOp op) {
        long count = buffer.byteSize() / type.sizeBytes();
        header().operation(Collective.ALL_REDUCE, sequence, 0, count).numbers(type, op);
        return start(buffer, type, op, count);
    }

    /** An all-reduce of nothing: it ends on no rank before all ranks have begun it. */
    RingAllReduce startBarrier(int sequence) {
        header().operation(Collective.BARRIER, sequence, 0, 0);
        return start(MemorySegment.NULL, DataType.F32, ReduceOp.SUM, 0);
    }

    private RingAllReduce start(MemorySegment buffer, DataType type, ReduceOp op, long count) {
        this.type = type;
        this.reducer = kernels.reducer(type, op);
        this.average = op == ReduceOp.AVERAGE;
        segments.cut(count, ring.size(), maxChunkElements(type));
        int chunks = Math.multiplyExact(2 * (ring.size() - 1), segments.chunksPerSegment());
        start(buffer, type, chunks, chunks);
        return this;
    }

    @Override
    int sendable(int received) {
        return received + segments.chunksPerSegment();
    }

    @Override
    int segmentToSend(int position) {
        return Math.floorMod(ring.rank() - step(position), ring.size());
    }

    @Override
    int segmentToReceive(int position) {
        return Math.floorMod(ring.rank() - step(position) - 1, ring.size());
    }

    @Override
    void combine(int position, MemorySegment target, long targetOffset, MemorySegment data, long offset, long count) {
        int step = step(position);
        int lastOfReduceScatter = ring.size() - 2;
        if (step > lastOfReduceScatter) {
            MemorySegment.copy(data, offset, target, targetOffset, count * type.sizeBytes());
            return;
        }
        reducer.reduce(target, targetOffset, data, offset, count);
        if (average && step == lastOfReduceScatter) {
            kernels.divide(type, target, targetOffset, count, ring.size());
        }
    }

    private int step(int position) {
        return position / segments.chunksPerSegment();
    }
}
