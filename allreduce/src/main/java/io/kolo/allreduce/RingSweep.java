package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import java.lang.foreign.MemorySegment;

/**
 * Ring all-reduce, and the parts of it that are operations by themselves. In step s rank r sends segment r - s and
 * receives segment r - s - 1, counted round; what it receives in one step it sends in the next, chunk by chunk, so that
 * all lines are busy while the first chunks are still on their way.
 *
 * <ul>
 *   <li>In the first n - 1 steps what is received is combined with the rank's own. Then segment k, complete, is at rank
 *       k - 1.
 *   <li>In one step more it is copied to rank k: that is a reduce-scatter.
 *   <li>In n - 1 steps more it is at all ranks: that is an all-reduce. A reduce is the same; fewer bytes would not take
 *       less time, since the line to the root carries most of them.
 *   <li>An all-gather is n - 1 steps that only copy.
 * </ul>
 *
 * <p>Each rank sends {@code 2 (n - 1) / n} of the buffer in an all-reduce, which is the least possible. Segment k is
 * added up in the order of ranks k, k + 1, ... k - 1, whatever the timing: the same inputs give the same bits.
 *
 * <p>Source: P. Patarasuk and X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009.
 */
final class RingSweep extends RingCollective {
    private final long[] distance = new long[1];
    private Operation operation = new Operation();
    private int combiningSteps;

    RingSweep(Ring ring, Link link) {
        super(ring, link);
    }

    RingSweep start(Operation operation, MemorySegment buffer) {
        DataType type = operation.elements();
        long count = buffer.byteSize() / type.sizeBytes();
        operation.describe(header(), count);
        this.operation = operation;
        this.combiningSteps = operation.combines() ? ring.size() - 1 : 0;
        segments.cut(count, ring.size(), maxChunkElements(type));
        int chunks = Math.multiplyExact(steps(operation.collective()), segments.chunksPerSegment());
        start(buffer, type, chunks, chunks);
        return this;
    }

    private int steps(Collective collective) {
        if (ring.size() == 1) {
            return 0;
        }
        return switch (collective) {
            case ALL_GATHER -> ring.size() - 1;
            case REDUCE_SCATTER -> ring.size();
            default -> 2 * (ring.size() - 1); // a barrier ends on no rank before all ranks have begun it
        };
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
        if (step >= combiningSteps) {
            MemorySegment.copy(
                    data,
                    offset,
                    target,
                    targetOffset,
                    count * operation.elements().sizeBytes());
            return;
        }
        distance[0] = offset - targetOffset;
        operation.reducer().reduce(target, targetOffset, data, distance, count, false);
        if (step == combiningSteps - 1) {
            operation.finish(target, targetOffset, count);
        }
    }

    private int step(int position) {
        return position / segments.chunksPerSegment();
    }
}
