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
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Float.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            FloatVector result = load(target, at).add(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.add(load(source, at + distances[1])).add(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void min(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Float.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            FloatVector result = load(target, at).min(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.min(load(source, at + distances[1])).min(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void max(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Float.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            FloatVector result = load(target, at).max(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.max(load(source, at + distances[1])).max(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void product(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Float.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            FloatVector result = load(target, at).mul(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.mul(load(source, at + distances[1])).mul(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
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
            FloatVector result, MemorySegment target, long at, MemorySegment source, long[] distances, boolean all) {
        result.intoMemorySegment(target, at, nativeOrder());
        if (all) {
            result.intoMemorySegment(source, at + distances[0], nativeOrder());
            if (distances.length > 1) {
                result.intoMemorySegment(source, at + distances[1], nativeOrder());
                result.intoMemorySegment(source, at + distances[2], nativeOrder());
            }
        }
    }

    private static FloatVector load(MemorySegment segment, long offset) {
        return FloatVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
