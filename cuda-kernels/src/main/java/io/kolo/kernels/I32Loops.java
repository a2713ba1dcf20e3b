package io.kolo.kernels;

import static java.nio.ByteOrder.nativeOrder;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** I32 loops over whole vectors: counts are multiples of the species' length. See {@link VectorKernels}. */
final class I32Loops {
    static final VectorSpecies<Integer> SPECIES = IntVector.SPECIES_PREFERRED;

    private I32Loops() {}

    static Reducer reducer(ReduceOp op) {
        return switch (op) {
            case SUM, AVERAGE -> I32Loops::sum;
            case MIN -> I32Loops::min;
            case MAX -> I32Loops::max;
            case PRODUCT -> I32Loops::product;
        };
    }

    private static void sum(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Integer.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            IntVector result = load(target, targetAt + at).add(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void min(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Integer.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            IntVector result = load(target, targetAt + at).min(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void max(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Integer.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            IntVector result = load(target, targetAt + at).max(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void product(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Integer.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            IntVector result = load(target, targetAt + at).mul(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void store(
            IntVector result, MemorySegment target, long targetAt, MemorySegment source, long sourceAt, boolean both) {
        result.intoMemorySegment(target, targetAt, nativeOrder());
        if (both) {
            result.intoMemorySegment(source, sourceAt, nativeOrder());
        }
    }

    private static IntVector load(MemorySegment segment, long offset) {
        return IntVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
