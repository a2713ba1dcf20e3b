package io.kolo.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.kolo.testkit.Seeded;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

@Seeded
class VectorKernelsPropertyTest {
    private static final int[] COUNTS = {0, 1, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 1000, 4099};
    private static final int[] DIVISORS = {3, 4};
    private static final float[] SPECIAL = {
        0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, Float.MAX_VALUE
    };

    private final Kernels scalar = new ScalarKernels();
    private final Kernels vector = new VectorKernels();

    @Test
    void shouldChooseTheVectorApiWhereItsModuleIs() {
        assertInstanceOf(VectorKernels.class, Kernels.probe());
    }

    @Test
    void shouldEqualTheScalarOracleBitForBitForAllTypesAndOps(SplittableRandom random) {
        for (DataType type : DataType.values()) {
            for (ReduceOp op : ReduceOp.values()) {
                if (type.arithmetic() != type || !type.allows(op)) {
                    assertThrows(IllegalArgumentException.class, () -> vector.reducer(type, op));
                    continue;
                }
                for (int count : COUNTS) {
                    shouldReduceAlike(type, op, count, random);
                }
            }
        }
    }

    private void shouldReduceAlike(DataType type, ReduceOp op, int count, SplittableRandom random) {
        try (Arena arena = Arena.ofConfined()) {
            int targetShift = random.nextInt(16);
            int sourceShift = random.nextInt(16);
            MemorySegment expected = filled(arena, type, count, targetShift, random);
            MemorySegment actual = arena.allocate(expected.byteSize()).copyFrom(expected);
            MemorySegment source = filled(arena, type, count, sourceShift, random);
            MemorySegment untouched = arena.allocate(source.byteSize()).copyFrom(source);
            scalar.reducer(type, op).reduce(expected, targetShift, source, sourceShift, count);
            vector.reducer(type, op).reduce(actual, targetShift, source, sourceShift, count);
            String what = op + " of " + count + " " + type;
            assertSameBits(expected, actual, type, targetShift, count, what);
            assertEquals(-1, untouched.mismatch(source), what + ": the source");
            shouldWriteBoth(type, op, count, targetShift, sourceShift, random);
            if (type != DataType.BOOL) {
                for (int divisor : DIVISORS) {
                    scalar.divide(type, expected, targetShift, count, divisor);
                    vector.divide(type, actual, targetShift, count, divisor);
                    assertSameBits(expected, actual, type, targetShift, count, count + " " + type + " by " + divisor);
                }
            }
            if (type.isFloating()) {
                scalar.scale(type, expected, targetShift, count, 0.3);
                vector.scale(type, actual, targetShift, count, 0.3);
                assertSameBits(expected, actual, type, targetShift, count, "0.3 of " + count + " " + type);
            }
        }
    }

    private void shouldWriteBoth(
            DataType type, ReduceOp op, int count, int targetShift, int sourceShift, SplittableRandom random) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment target = filled(arena, type, count, targetShift, random);
            MemorySegment source = filled(arena, type, count, sourceShift, random);
            for (Kernels kernels : List.of(scalar, vector)) {
                MemorySegment expected = arena.allocate(target.byteSize()).copyFrom(target);
                MemorySegment first = arena.allocate(target.byteSize()).copyFrom(target);
                MemorySegment second = arena.allocate(source.byteSize()).copyFrom(source);
                kernels.reducer(type, op).reduce(expected, targetShift, source, sourceShift, count);
                kernels.reducer(type, op).reduce(first, targetShift, second, sourceShift, count, true);
                String what = op + " of " + count + " " + type + " into both, " + kernels.description();
                assertEquals(-1, expected.mismatch(first), what + ": the target");
                for (long i = 0; i < count; i++) {
                    assertEquals(element(expected, type, targetShift, i), element(second, type, sourceShift, i), what);
                }
            }
        }
    }

    @Test
    void shouldRefuseARunBeyondItsSegment() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment four = arena.allocate(16);
            Reducer sum = vector.reducer(DataType.F32, ReduceOp.SUM);
            assertThrows(IndexOutOfBoundsException.class, () -> sum.reduce(four, 0, four, 0, 5));
        }
    }

    private static MemorySegment filled(Arena arena, DataType type, int count, int shift, SplittableRandom random) {
        MemorySegment segment = arena.allocate(shift + (long) count * type.sizeBytes() + 1);
        for (long i = 0; i < count; i++) {
            long at = shift + i * type.sizeBytes();
            float special = SPECIAL[random.nextInt(SPECIAL.length)];
            boolean ordinary = random.nextInt(8) > 0;
            switch (type) {
                case F32 -> segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, ordinary ? number(random) : special);
                case F64 -> segment.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, at, ordinary ? number(random) : special);
                case I32 -> segment.set(ValueLayout.JAVA_INT_UNALIGNED, at, random.nextInt());
                case I64 -> segment.set(ValueLayout.JAVA_LONG_UNALIGNED, at, random.nextLong());
                case I8, U8 -> segment.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt());
                case BOOL -> segment.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt(2));
                case F16, BF16 -> throw new AssertionError(type);
            }
        }
        return segment;
    }

    private static float number(SplittableRandom random) {
        return (float) random.nextDouble(-1e3, 1e3);
    }

    /** All NaNs are one: which payload survives an addition is the CPU's affair. */
    private static void assertSameBits(
            MemorySegment expected, MemorySegment actual, DataType type, int shift, int count, String what) {
        for (long i = 0; i < count; i++) {
            assertEquals(element(expected, type, shift, i), element(actual, type, shift, i), what + " at " + i);
        }
    }

    private static Object element(MemorySegment segment, DataType type, int shift, long index) {
        long at = shift + index * type.sizeBytes();
        return switch (type) {
            case F32 -> Float.floatToIntBits(segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at));
            case F64 -> Double.doubleToLongBits(segment.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, at));
            case I32 -> segment.get(ValueLayout.JAVA_INT_UNALIGNED, at);
            case I64 -> segment.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
            case I8, U8, BOOL -> segment.get(ValueLayout.JAVA_BYTE, at);
            case F16, BF16 -> segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, at);
        };
    }
}
