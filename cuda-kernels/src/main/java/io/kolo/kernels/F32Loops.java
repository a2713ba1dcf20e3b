package io.kolo.kernels;

import static java.nio.ByteOrder.nativeOrder;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** F32 loops over whole vectors: counts are multiples of the species' length. See {@link VectorKernels}. */
final class F32Loops {
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    private F32Loops() {}

    static Reducer reducer(ReduceOp op) {
        return switch (op) {
            case SUM, AVERAGE -> F32Loops::sum;
            case MIN -> F32Loops::min;
            case MAX -> F32Loops::max;
            case PRODUCT -> F32Loops::product;
        };
    }

    private static void sum(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Float.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            FloatVector result = load(target, targetAt + at).add(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void min(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Float.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            FloatVector result = load(target, targetAt + at).min(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void max(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Float.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            FloatVector result = load(target, targetAt + at).max(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void product(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Float.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            FloatVector result = load(target, targetAt + at).mul(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    static void divide(MemorySegment data, long offset, long count, float divisor) {
        long end = count * Float.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(data, offset + at).div(divisor).intoMemorySegment(data, offset + at, nativeOrder());
        }
    }

    static void scale(MemorySegment data, long offset, long count, float factor) {
        long end = count * Float.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(data, offset + at).mul(factor).intoMemorySegment(data, offset + at, nativeOrder());
        }
    }

    private static void store(
            FloatVector result,
            MemorySegment target,
            long targetAt,
            MemorySegment source,
            long sourceAt,
            boolean both) {
        result.intoMemorySegment(target, targetAt, nativeOrder());
        if (both) {
            result.intoMemorySegment(source, sourceAt, nativeOrder());
        }
    }

    private static FloatVector load(MemorySegment segment, long offset) {
        return FloatVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
