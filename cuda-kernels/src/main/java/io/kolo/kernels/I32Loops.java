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
            MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count) {
        long end = count * Integer.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(target, targetOffset + at)
                    .add(load(source, sourceOffset + at))
                    .intoMemorySegment(target, targetOffset + at, nativeOrder());
        }
    }

    private static void min(
            MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count) {
        long end = count * Integer.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(target, targetOffset + at)
                    .min(load(source, sourceOffset + at))
                    .intoMemorySegment(target, targetOffset + at, nativeOrder());
        }
    }

    private static void max(
            MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count) {
        long end = count * Integer.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(target, targetOffset + at)
                    .max(load(source, sourceOffset + at))
                    .intoMemorySegment(target, targetOffset + at, nativeOrder());
        }
    }

    private static void product(
            MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count) {
        long end = count * Integer.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(target, targetOffset + at)
                    .mul(load(source, sourceOffset + at))
                    .intoMemorySegment(target, targetOffset + at, nativeOrder());
        }
    }

    private static IntVector load(MemorySegment segment, long offset) {
        return IntVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
