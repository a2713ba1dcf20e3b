package io.kolo.kernels;

import static java.nio.ByteOrder.nativeOrder;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/** F64 loops over whole vectors: counts are multiples of the species' length. See {@link VectorKernels}. */
final class F64Loops {
    static final VectorSpecies<Double> SPECIES = DoubleVector.SPECIES_PREFERRED;

    private F64Loops() {}

    static Reducer reducer(ReduceOp op) {
        return switch (op) {
            case SUM, AVERAGE -> F64Loops::sum;
            case MIN -> F64Loops::min;
            case MAX -> F64Loops::max;
            case PRODUCT -> F64Loops::product;
        };
    }

    private static void sum(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Double.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            DoubleVector result = load(target, targetAt + at).add(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void min(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Double.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            DoubleVector result = load(target, targetAt + at).min(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void max(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Double.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            DoubleVector result = load(target, targetAt + at).max(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void product(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        long end = count * Double.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            DoubleVector result = load(target, targetAt + at).mul(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    static void divide(MemorySegment data, long offset, long count, double divisor) {
        long end = count * Double.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(data, offset + at).div(divisor).intoMemorySegment(data, offset + at, nativeOrder());
        }
    }

    static void scale(MemorySegment data, long offset, long count, double factor) {
        long end = count * Double.BYTES;
        for (long at = 0; at < end; at += SPECIES.vectorByteSize()) {
            load(data, offset + at).mul(factor).intoMemorySegment(data, offset + at, nativeOrder());
        }
    }

    private static void store(
            DoubleVector result,
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

    private static DoubleVector load(MemorySegment segment, long offset) {
        return DoubleVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
