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
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Long.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            LongVector result = load(target, at).add(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.add(load(source, at + distances[1])).add(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void min(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Long.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            LongVector result = load(target, at).min(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.min(load(source, at + distances[1])).min(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void max(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Long.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            LongVector result = load(target, at).max(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.max(load(source, at + distances[1])).max(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void product(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        long end = offset + count * Long.BYTES;
        for (long at = offset; at < end; at += SPECIES.vectorByteSize()) {
            LongVector result = load(target, at).mul(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.mul(load(source, at + distances[1])).mul(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void store(
            LongVector result, MemorySegment target, long at, MemorySegment source, long[] distances, boolean all) {
        result.intoMemorySegment(target, at, nativeOrder());
        if (all) {
            result.intoMemorySegment(source, at + distances[0], nativeOrder());
            if (distances.length > 1) {
                result.intoMemorySegment(source, at + distances[1], nativeOrder());
                result.intoMemorySegment(source, at + distances[2], nativeOrder());
            }
        }
    }

    private static LongVector load(MemorySegment segment, long offset) {
        return LongVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
