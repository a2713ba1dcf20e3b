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
                    for (int sources : new int[] {1, Reducer.SOURCES}) {
                        shouldReduceAlike(type, op, count, sources, false, random);
                        shouldReduceAlike(type, op, count, sources, true, random);
                    }
                }
            }
        }
    }

    @Test
    void shouldDivideAndScaleAsTheScalarOracleDoes(SplittableRandom random) {
        for (DataType type : DataType.values()) {
            if (type.arithmetic() == type && type != DataType.BOOL) {
                for (int count : COUNTS) {
                    shouldDivideAndScaleAlike(type, count, random);
                }
            }
        }
    }

    private void shouldReduceAlike(
            DataType type, ReduceOp op, int count, int sources, boolean all, SplittableRandom random) {
        try (Arena arena = Arena.ofConfined()) {
            int shift = random.nextInt(16);
            MemorySegment target = filled(arena, type, count, shift, random);
            MemorySegment source = filled(arena, type, sources * (count + 1), 0, random);
            long[] distances = new long[sources];
            for (int i = 0; i < sources; i++) {
                distances[i] = (long) i * (count + 1) * type.sizeBytes() + random.nextInt(type.sizeBytes()) - shift;
            }
            MemorySegment expected = copy(arena, target);
            MemorySegment expectedSource = copy(arena, source);
            MemorySegment untouched = copy(arena, source);
            scalar.reducer(type, op).reduce(expected, shift, expectedSource, distances, count, all);
            vector.reducer(type, op).reduce(target, shift, source, distances, count, all);
            String what = op + " of " + count + " " + type + " and " + sources + " sources" + (all ? ", into all" : "");
            assertSameBits(expected, target, type, shift, count, what);
            if (!all) {
                assertEquals(-1, untouched.mismatch(source), what + ": the sources");
                assertEquals(-1, untouched.mismatch(expectedSource), what + ": the sources of the oracle");
                return;
            }
            for (long distance : distances) {
                int at = Math.toIntExact(shift + distance);
                assertSameBits(expectedSource, source, type, at, count, what + ": the source at " + at);
                for (long i = 0; i < count; i++) {
                    assertEquals(element(target, type, shift, i), element(source, type, at, i), what + ": " + at);
                }
            }
        }
    }

    /** What the scalar kernels do at once is what they do source by source; and they write what they are told to. */
    @Test
    void shouldCombineSourcesInTheirOrderAndWriteAllOnlyIfToldTo(SplittableRandom random) {
        try (Arena arena = Arena.ofConfined()) {
            int count = 100;
            long bytes = (long) count * Float.BYTES;
            MemorySegment target = filled(arena, DataType.F32, count, 0, random);
            MemorySegment source = filled(arena, DataType.F32, 3 * count, 0, random);
            for (Kernels kernels : List.of(scalar, vector)) {
                Reducer sum = kernels.reducer(DataType.F32, ReduceOp.SUM);
                MemorySegment expected = copy(arena, target);
                for (long distance = 0; distance < 3 * bytes; distance += bytes) {
                    for (long at = 0; at < bytes; at += Float.BYTES) {
                        float element = source.get(ValueLayout.JAVA_FLOAT_UNALIGNED, distance + at);
                        expected.set(
                                ValueLayout.JAVA_FLOAT_UNALIGNED,
                                at,
                                expected.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at) + element);
                    }
                }
                MemorySegment result = copy(arena, target);
                MemorySegment sources = copy(arena, source);
                sum.reduce(result, 0, sources, new long[] {0, bytes, 2 * bytes}, count, false);
                assertSameBits(expected, result, DataType.F32, 0, count, kernels.description());
                assertEquals(-1, source.mismatch(sources), kernels.description() + ": the sources");

                result.copyFrom(target);
                sum.reduce(result, 0, sources, new long[] {0, bytes, 2 * bytes}, count, true);
                assertSameBits(expected, result, DataType.F32, 0, count, kernels.description());
                for (int i = 0; i < 3; i++) {
                    String what = kernels.description() + ": source " + i;
                    assertSameBits(expected, sources.asSlice(i * bytes), DataType.F32, 0, count, what);
                }
            }
        }
    }

    private void shouldDivideAndScaleAlike(DataType type, int count, SplittableRandom random) {
        try (Arena arena = Arena.ofConfined()) {
            int shift = random.nextInt(16);
            MemorySegment actual = filled(arena, type, count, shift, random);
            MemorySegment expected = copy(arena, actual);
            for (int divisor : DIVISORS) {
                scalar.divide(type, expected, shift, count, divisor);
                vector.divide(type, actual, shift, count, divisor);
                assertSameBits(expected, actual, type, shift, count, count + " " + type + " by " + divisor);
            }
            if (type.isFloating()) {
                scalar.scale(type, expected, shift, count, 0.3);
                vector.scale(type, actual, shift, count, 0.3);
                assertSameBits(expected, actual, type, shift, count, "0.3 of " + count + " " + type);
            }
        }
    }

    @Test
    void shouldRefuseARunBeyondItsSegment() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment four = arena.allocate(16);
            Reducer sum = vector.reducer(DataType.F32, ReduceOp.SUM);
            long[] samePlace = {0};
            assertThrows(IndexOutOfBoundsException.class, () -> sum.reduce(four, 0, four, samePlace, 5, false));
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

    private static MemorySegment copy(Arena arena, MemorySegment segment) {
        return arena.allocate(segment.byteSize()).copyFrom(segment);
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
