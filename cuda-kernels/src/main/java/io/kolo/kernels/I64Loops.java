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
            MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count) {
        long end = count * Long.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(target, targetOffset + at)
                    .add(load(source, sourceOffset + at))
                    .intoMemorySegment(target, targetOffset + at, nativeOrder());
        }
    }

    private static void min(
            MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count) {
        long end = count * Long.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(target, targetOffset + at)
                    .min(load(source, sourceOffset + at))
                    .intoMemorySegment(target, targetOffset + at, nativeOrder());
        }
    }

    private static void max(
            MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count) {
        long end = count * Long.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(target, targetOffset + at)
                    .max(load(source, sourceOffset + at))
                    .intoMemorySegment(target, targetOffset + at, nativeOrder());
        }
    }

    private static void product(
            MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count) {
        long end = count * Long.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(target, targetOffset + at)
                    .mul(load(source, sourceOffset + at))
                    .intoMemorySegment(target, targetOffset + at, nativeOrder());
        }
    }

    private static LongVector load(MemorySegment segment, long offset) {
        return LongVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
