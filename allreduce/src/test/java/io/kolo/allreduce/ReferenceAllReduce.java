package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Halves;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import io.kolo.kernels.ScalarKernels;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The oracle: what an all-reduce of these buffers is, computed in one loop by scalar kernels. Segment k is added up in
 * the order of ranks k, k + 1, ... k - 1; on several hosts, by those of each host, and then of the hosts. That is all
 * it shares with what it judges.
 */
public final class ReferenceAllReduce {
    private static final Kernels KERNELS = new ScalarKernels();
    private static final long[] SAME_PLACE = {0};

    private ReferenceAllReduce() {}

    public static MemorySegment of(List<MemorySegment> buffers, DataType type, ReduceOp op) {
        return of(buffers, type, op, 1, 1, buffers.size());
    }

    /**
     * Halves become floats, are added up as floats, and are rounded once.
     *
     * @param hosts how many ranks each host has
     */
    public static MemorySegment of(
            List<MemorySegment> buffers, DataType type, ReduceOp op, double preScale, double postScale, int... hosts) {
        long count = buffers.getFirst().byteSize() / type.sizeBytes();
        List<MemorySegment> inputs =
                buffers.stream().map(buffer -> scaled(buffer, type, preScale)).toList();
        List<MemorySegment> ofHosts = new ArrayList<>();
        int first = 0;
        for (int ranks : hosts) {
            ofHosts.add(combined(inputs.subList(first, first + ranks), type.arithmetic(), op));
            first += ranks;
        }
        MemorySegment result = combined(ofHosts, type.arithmetic(), op);
        if (op == ReduceOp.AVERAGE && buffers.size() > 1) {
            KERNELS.divide(type.arithmetic(), result, 0, count, buffers.size());
        }
        if (postScale != 1) {
            KERNELS.scale(type.arithmetic(), result, 0, count, postScale);
        }
        if (type.arithmetic() == type) {
            return result;
        }
        MemorySegment rounded = MemorySegment.ofArray(new byte[Math.toIntExact(count * type.sizeBytes())]);
        Halves.narrow(type, result, 0, rounded, 0, count);
        return rounded;
    }

    private static MemorySegment scaled(MemorySegment buffer, DataType type, double scale) {
        DataType arithmetic = type.arithmetic();
        long count = buffer.byteSize() / type.sizeBytes();
        MemorySegment input = MemorySegment.ofArray(new byte[Math.toIntExact(count * arithmetic.sizeBytes())]);
        if (arithmetic == type) {
            input.copyFrom(buffer);
        } else {
            Halves.widen(type, buffer, 0, input, 0, count);
        }
        if (scale != 1) {
            KERNELS.scale(arithmetic, input, 0, count, scale);
        }
        return input;
    }

    private static MemorySegment combined(List<MemorySegment> buffers, DataType type, ReduceOp op) {
        int size = buffers.size();
        long count = buffers.getFirst().byteSize() / type.sizeBytes();
        MemorySegment result = MemorySegment.ofArray(new byte[Math.toIntExact(count * type.sizeBytes())]);
        long start = 0;
        for (int segment = 0; segment < size; segment++) {
            long length = count / size + (segment < count % size ? 1 : 0);
            long offset = start * type.sizeBytes();
            MemorySegment.copy(buffers.get(segment), offset, result, offset, length * type.sizeBytes());
            for (int i = 1; i < size; i++) {
                MemorySegment other = buffers.get((segment + i) % size);
                // The travelling partial sum is the source, the rank's own element the target: a op b is symmetric in
                // bits.
                KERNELS.reducer(type, op).reduce(result, offset, other, SAME_PLACE, length, false);
            }
            start += length;
        }
        return result;
    }
}
