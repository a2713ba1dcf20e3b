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
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        for (long at = 0; at < count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, targetAt + at).add(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void min(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        for (long at = 0; at < count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, targetAt + at).min(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void max(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        for (long at = 0; at < count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, targetAt + at).max(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void product(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        for (long at = 0; at < count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, targetAt + at).mul(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void unsignedMin(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        for (long at = 0; at < count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, targetAt + at).lanewise(VectorOperators.UMIN, load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void unsignedMax(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        for (long at = 0; at < count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, targetAt + at).lanewise(VectorOperators.UMAX, load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void or(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        for (long at = 0; at < count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, targetAt + at).or(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void and(
            MemorySegment target, long targetAt, MemorySegment source, long sourceAt, long count, boolean both) {
        for (long at = 0; at < count; at += SPECIES.vectorByteSize()) {
            ByteVector result = load(target, targetAt + at).and(load(source, sourceAt + at));
            store(result, target, targetAt + at, source, sourceAt + at, both);
        }
    }

    private static void store(
            ByteVector result, MemorySegment target, long targetAt, MemorySegment source, long sourceAt, boolean both) {
        result.intoMemorySegment(target, targetAt, nativeOrder());
        if (both) {
            result.intoMemorySegment(source, sourceAt, nativeOrder());
        }
    }

    private static ByteVector load(MemorySegment segment, long offset) {
        return ByteVector.fromMemorySegment(SPECIES, segment, offset, nativeOrder());
    }
}
