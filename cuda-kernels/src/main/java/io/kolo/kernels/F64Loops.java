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
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Double.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            DoubleVector result = load(target, at).add(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.add(load(source, at + distances[1])).add(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void min(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Double.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            DoubleVector result = load(target, at).min(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.min(load(source, at + distances[1])).min(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void max(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Double.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            DoubleVector result = load(target, at).max(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.max(load(source, at + distances[1])).max(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void product(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Double.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            DoubleVector result = load(target, at).mul(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.mul(load(source, at + distances[1])).mul(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
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
            DoubleVector result, MemorySegment target, long at, MemorySegment source, long[] distances, boolean all) {
        result.intoMemorySegment(target, at, nativeOrder());
        if (all) {
            result.intoMemorySegment(source, at + distances[0], nativeOrder());
            if (distances.length > 1) {
                result.intoMemorySegment(source, at + distances[1], nativeOrder());
                result.intoMemorySegment(source, at + distances[2], nativeOrder());
            }
        }
    }

    private static DoubleVector load(MemorySegment segment, long offset) {
        return DoubleVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
