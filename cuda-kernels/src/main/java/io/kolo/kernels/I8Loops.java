package io.kolo.kernels;

import static java.nio.ByteOrder.nativeOrder;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** I8, U8 and BOOL loops over whole vectors: counts are multiples of the species' length. See {@link VectorKernels}. */
final class I8Loops {
    static final VectorSpecies<Byte> SPECIES = ByteVector.SPECIES_PREFERRED;

    private I8Loops() {}

    static Reducer reducer(ReduceOp op) {
        return switch (op) {
            case SUM, AVERAGE -> I8Loops::sum;
            case MIN -> I8Loops::min;
            case MAX -> I8Loops::max;
            case PRODUCT -> I8Loops::product;
        };
    }

    /** Sums and products of bytes are the same bits, with a sign or without. */
    static Reducer unsignedReducer(ReduceOp op) {
        return switch (op) {
            case SUM, AVERAGE -> I8Loops::sum;
            case MIN -> I8Loops::unsignedMin;
            case MAX -> I8Loops::unsignedMax;
            case PRODUCT -> I8Loops::product;
        };
    }

    static Reducer truthReducer(ReduceOp op) {
        return switch (op) {
            case SUM, MAX -> I8Loops::or;
            case PRODUCT, MIN -> I8Loops::and;
            case AVERAGE -> throw new IllegalArgumentException("truths have no average");
        };
    }

    private static void sum(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        for (long at = offset; at < offset + count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, at).add(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.add(load(source, at + distances[1])).add(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void min(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        for (long at = offset; at < offset + count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, at).min(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.min(load(source, at + distances[1])).min(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void max(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        for (long at = offset; at < offset + count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, at).max(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.max(load(source, at + distances[1])).max(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void product(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        for (long at = offset; at < offset + count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, at).mul(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.mul(load(source, at + distances[1])).mul(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void unsignedMin(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        for (long at = offset; at < offset + count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, at).lanewise(VectorOperators.UMIN, load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.lanewise(VectorOperators.UMIN, load(source, at + distances[1]))
                        .lanewise(VectorOperators.UMIN, load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void unsignedMax(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        for (long at = offset; at < offset + count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, at).lanewise(VectorOperators.UMAX, load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.lanewise(VectorOperators.UMAX, load(source, at + distances[1]))
                        .lanewise(VectorOperators.UMAX, load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void or(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        for (long at = offset; at < offset + count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, at).or(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.or(load(source, at + distances[1])).or(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void and(
            MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all) {
        for (long at = offset; at < offset + count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, at).and(load(source, at + distances[0]));
            if (distances.length > 1) {
                result = result.and(load(source, at + distances[1])).and(load(source, at + distances[2]));
            }
            store(result, target, at, source, distances, all);
        }
    }

    private static void store(
            ByteVector result, MemorySegment target, long at, MemorySegment source, long[] distances, boolean all) {
        result.intoMemorySegment(target, at, nativeOrder());
        if (all) {
            result.intoMemorySegment(source, at + distances[0], nativeOrder());
            if (distances.length > 1) {
                result.intoMemorySegment(source, at + distances[1], nativeOrder());
                result.intoMemorySegment(source, at + distances[2], nativeOrder());
            }
        }
    }

    private static ByteVector load(MemorySegment segment, long offset) {
        return ByteVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
