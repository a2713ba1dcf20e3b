package io.kolo.kernels;

import static java.nio.ByteOrder.nativeOrder;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/** I64 loops over whole vectors: counts are multiples of the species' length. See {@link VectorKernels}. */
final class I64Loops {
    static final VectorSpecies<Long> SPECIES = LongVector.SPECIES_PREFERRED;

    private I64Loops() {}

    static Reducer reducer(ReduceOp op) {
        return switch (op) {
            case SUM, AVERAGE -> I64Loops::sum;
            case MIN -> I64Loops::min;
            case MAX -> I64Loops::max;
            case PRODUCT -> I64Loops::product;
        };
    }

    private static void sum(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Long.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            LongVector result = load(target, targetAt + at).add(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void min(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Long.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            LongVector result = load(target, targetAt + at).min(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void max(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Long.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            LongVector result = load(target, targetAt + at).max(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void product(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Long.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            LongVector result = load(target, targetAt + at).mul(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void store(
            LongVector result, MemorySegment target, long targetAt, MemorySegment source, long sourceAt, boolean both) {
        result.intoMemorySegment(target, targetAt, nativeOrder());
        if (both) {
            result.intoMemorySegment(source, sourceAt, nativeOrder());
        }
    }

    private static LongVector load(MemorySegment segment, long offset) {
        return LongVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
