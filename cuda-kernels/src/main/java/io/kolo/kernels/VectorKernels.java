package io.kolo.kernels;

import static java.util.Objects.requireNonNull;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The Vector API over whole vectors, the scalar oracle over the rest.
 *
 * <p>Each loop ({@link F32Loops} and its kin) has its operation written into it. The JIT makes one instruction of a
 * lanewise operation only where it knows it as a constant; one loop for all operations, with a switch inside, was
 * measured at a sixth of the speed. The same goes for the type: one {@code store} of a {@code Vector<?>} for all of
 * them was measured at a quarter to a tenth.
 */
final class VectorKernels implements Kernels {
    private static final long WARM_UP_BYTES = 16 * 1024;
    private static final int WARM_UP_ROUNDS = 400;
    private static final MemorySegment WARM_UP = Arena.global().allocate((1 + Reducer.SOURCES) * WARM_UP_BYTES, 64);

    private static final long[] ONE = {WARM_UP_BYTES};
    private static final long[] SEVERAL = {WARM_UP_BYTES, 2 * WARM_UP_BYTES, 3 * WARM_UP_BYTES};

    private final Kernels scalar = new ScalarKernels();
    private final Map<DataType, Map<ReduceOp, Reducer>> reducers = new EnumMap<>(DataType.class);
    private final Set<Reducer> cold = ConcurrentHashMap.newKeySet();

    VectorKernels() {
        for (DataType type : DataType.values()) {
            Map<ReduceOp, Reducer> ofType = new EnumMap<>(ReduceOp.class);
            for (ReduceOp op : ReduceOp.values()) {
                if (type.arithmetic() == type && type.allows(op)) {
                    ofType.put(op, withScalarTail(type, loop(type, op), scalar.reducer(type, op)));
                }
            }
            reducers.put(type, ofType);
            cold.addAll(ofType.values());
        }
    }

    static int bits() {
        return F32Loops.SPECIES.vectorBitSize();
    }

    @Override
    public String description() {
        return "Vector API, " + bits() + " bits";
    }

    @Override
    public Reducer reducer(DataType type, ReduceOp op) {
        Reducer reducer = requireNonNull(reducers.get(type)).get(op);
        if (reducer == null) {
            return scalar.reducer(type, op); // which says why not
        }
        if (!cold.isEmpty() && cold.remove(reducer)) {
            warmUp(type, op, reducer);
        }
        return reducer;
    }

    @Override
    public void divide(DataType type, MemorySegment data, long offset, long count, int divisor) {
        if (type.isFloating() && Integer.bitCount(divisor) == 1) {
            scale(type, data, offset, count, 1.0 / divisor); // the same bits, without a division
            return;
        }
        long whole = count - count % lanes(type);
        switch (type) {
            case F32 -> F32Loops.divide(data, offset, whole, divisor);
            case F64 -> F64Loops.divide(data, offset, whole, divisor);
            default -> whole = 0; // no CPU divides vectors of integers
        }
        scalar.divide(type, data, offset + whole * type.sizeBytes(), count - whole, divisor);
    }

    @Override
    public void scale(DataType type, MemorySegment data, long offset, long count, double factor) {
        long whole = count - count % lanes(type);
        switch (type) {
            case F32 -> F32Loops.scale(data, offset, whole, (float) factor);
            case F64 -> F64Loops.scale(data, offset, whole, factor);
            default -> whole = 0;
        }
        scalar.scale(type, data, offset + whole * type.sizeBytes(), count - whole, factor);
    }

    private static Reducer loop(DataType type, ReduceOp op) {
        return switch (type) {
            case F32 -> F32Loops.reducer(op);
            case F64 -> F64Loops.reducer(op);
            case I32 -> I32Loops.reducer(op);
            case I64 -> I64Loops.reducer(op);
            case I8 -> I8Loops.reducer(op);
            case U8 -> I8Loops.unsignedReducer(op);
            case BOOL -> I8Loops.truthReducer(op);
            case F16, BF16 -> throw new IllegalArgumentException(type + " is combined as " + type.arithmetic());
        };
    }

    private static int lanes(DataType type) {
        return bits() / Byte.SIZE / type.sizeBytes();
    }

    private static Reducer withScalarTail(DataType type, Reducer wholeVectors, Reducer rest) {
        int lanes = lanes(type);
        return (target, offset, source, distances, count, all) -> {
            long whole = count - count % lanes;
            wholeVectors.reduce(target, offset, source, distances, whole, all);
            rest.reduce(target, offset + whole * type.sizeBytes(), source, distances, count - whole, all);
        };
    }

    /**
     * An uncompiled Vector API loop is a hundred times slower, and would be the first thing that a peer waits for. It
     * is warmed up on memory of the kind that it will be used on, on one source and on several, which are written and
     * are not: the compiler keeps to what it has seen.
     */
    private void warmUp(DataType type, ReduceOp op, Reducer reducer) {
        long count = WARM_UP_BYTES / type.sizeBytes();
        for (int i = 0; i < WARM_UP_ROUNDS; i++) {
            reducer.reduce(WARM_UP, 0, WARM_UP, i % 4 < 2 ? ONE : SEVERAL, count, i % 2 == 0);
            if (op == ReduceOp.AVERAGE) {
                divide(type, WARM_UP, 0, count, 2);
                divide(type, WARM_UP, 0, count, 3); // powers of two have a loop of their own
            }
        }
    }
}
